"""A client of the stand-in Hub in this process: places, token and patience of its own.

`huggingface_hub` reads its settings when it is imported; its constants are set as its documentation has
it for tests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from harness.hub import requests as hub_requests
from harness.hub.client import fetch, plan_adapter, plan_file, plan_model
from tests.hub.stand_in import HubStandIn

TOKEN = "hf_" + "StandInSecret0123456789"
WEIGHTS = bytes(range(256)) * 4000
MODEL = {"config.json": b'{"model_type": "llama"}', "model.safetensors": WEIGHTS}
SHARDED = {
    "config.json": b"{}",
    "model-00001-of-00002.safetensors": b"1" * 5000,
    "model-00002-of-00002.safetensors": b"2" * 4000,
    "model.safetensors.index.json": json.dumps(
        {
            "weight_map": {
                "a": "model-00001-of-00002.safetensors",
                "b": "model-00002-of-00002.safetensors",
            }
        }
    ).encode(),
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    """A Hub without repos, which the Hub's library takes for the real one; nobody is logged in."""
    with HubStandIn() as hub:
        point_at(hub.endpoint, tmp_path / "hf", monkeypatch)
        yield hub


def point_at(endpoint: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the library ask another endpoint, and keep its files under `cache`."""
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    proxies = [name for name in os.environ if name.lower() in ("http_proxy", "all_proxy")]
    for name in proxies:
        monkeypatch.delenv(name)
    if proxies:
        close_session()  # it keeps the proxies of its beginning


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits; what would have been waited is written down, in seconds."""
    waited: list[float] = []
    monkeypatch.setattr(hub_requests, "sleep", waited.append)
    return waited


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """$HARNESS_HOME."""
    return tmp_path / "home"


def fetch_model(
    repo: str, commit: str, home: Path, *, pickle: bool = False, code: bool = False
) -> Path:
    """The folder of a model, in the Hub's cache."""
    return fetch(plan_model(repo, commit, home, pickle=pickle, code=code))


def fetch_adapter(repo: str, commit: str, home: Path) -> Path:
    """The folder of an adapter, in the Hub's cache."""
    return fetch(plan_adapter(repo, commit, home))


def fetch_file(location: str, commit: str, home: Path) -> Path:
    """A file `org/repo/path` in the Hub's cache; of a GGUF in parts the first."""
    return fetch(plan_file(location, commit, home))


def names(folder: Path) -> set[str]:
    """Files below a folder, by their paths inside it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
