"""A model on the Hub: a stand-in on this machine that speaks its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.chat.fetching import fetched
from harness.chat.models import models_of, one_model
from harness.errors import HubError
from harness.starter import MODEL_FOLDER
from tests.hub.hub_client import TOKEN, hub
from tests.hub.stand_in import HubStandIn

__all__ = ["hub"]


@pytest.fixture
def stocked(hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubStandIn:
    """A repo with the starter, gated by a token that the environment holds."""
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens.add(TOKEN)
    files = (file for file in MODEL_FOLDER.iterdir() if file.is_file())
    hub.commit("org/tiny", {file.name: file.read_bytes() for file in files})
    return hub


def test_a_hub_id_is_fetched_once_and_can_be_talked_to(stocked: HubStandIn, tmp_path: Path) -> None:
    planned = one_model("org/tiny", tmp_path)
    (before,) = models_of(planned, "harness run")
    assert before.name == "tiny" and before.opening is None
    (model,) = models_of(fetched(planned), "harness run")
    assert model.opening and model.opening.engine and model.opening.engine.weights
    folder = Path(model.opening.engine.weights)
    assert (folder / "config.json").read_bytes() == (MODEL_FOLDER / "config.json").read_bytes()
    count = len(stocked.bodies())
    fetched(one_model("org/tiny", tmp_path))
    assert len(stocked.bodies()) == count


def test_a_hub_id_that_cannot_be_had_says_why(
    stocked: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = one_model("org/tiny", tmp_path)
    stocked.tokens.clear()
    with pytest.raises(HubError) as caught:
        fetched(planned)
    assert "org/tiny" in caught.value.message or "token" in caught.value.message
