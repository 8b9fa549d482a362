"""What names stand for, asked and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants, snapshot_download

from harness.errors import (
    InputError,
    OfflineError,
)
from harness.hub.client import plan_model, resolve
from tests.hub.hub_client import (
    MODEL,
    SHARDED,
    fetch_model,
    home,
    hub,
    names,
    waits,
)
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]


def test_a_branch_and_a_tag_stand_for_commits(hub: HubStandIn, home: Path) -> None:
    first = hub.commit("org/m", MODEL)
    hub.tag("org/m", "v1.0", first)
    second = hub.commit("org/m", {**MODEL, "config.json": b'{"model_type": "qwen2"}'})
    other = hub.commit("org/m", MODEL, "refs/pr/1")
    assert resolve("org/m", "main", home) == second != first
    assert resolve("org/m", "v1.0", home) == first
    assert resolve("org/m", "refs/pr/1", home) == other
    read = [
        (fetch_model("org/m", commit, home) / "config.json").read_bytes()
        for commit in (first, second)
    ]
    assert read == [MODEL["config.json"], b'{"model_type": "qwen2"}']


def test_a_commit_stands_for_itself_and_nothing_is_asked(hub: HubStandIn, home: Path) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert resolve("org/m", commit, home) == commit
    assert hub.requests == []


@pytest.mark.parametrize("name", ["", "a/b/c", "../m", "org/m--x", "org/mo del", "-org/m."])
def test_what_can_be_no_name_is_said_before_anything_is_asked(
    name: str, hub: HubStandIn, home: Path
) -> None:
    with pytest.raises(InputError, match="no name of a repo"):
        resolve(name, "main", home)
    assert hub.requests == []


def test_without_a_connection_the_last_known_commit_is_taken(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    fetch_model("org/m", resolve("org/m", "main", home), home)
    hub.stop()
    assert resolve("org/m", "main", home) == commit
    assert names(fetch_model("org/m", commit, home)) >= {"model.safetensors"}
    with pytest.raises(OfflineError, match="cannot be reached"):
        resolve("org/m", "other", home)


def test_offline_mode_asks_nothing(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    resolve("org/m", "main", home)
    fetch_model("org/m", commit, home)
    absent = hub.commit("org/n", MODEL)
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("org/m", "main", home) == commit
    assert names(fetch_model("org/m", commit, home)) >= {"model.safetensors"}
    with pytest.raises(OfflineError, match=r"org/n.*HF_HUB_OFFLINE") as caught:
        fetch_model("org/n", absent, home)
    assert "Unset HF_HUB_OFFLINE" in caught.value.hint
    assert hub.requests == []


def test_offline_a_name_that_another_tool_resolved_is_known(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    snapshot_download("org/m", revision="main")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("org/m", "main", home) == commit
    assert names(fetch_model("org/m", commit, home)) >= {"model.safetensors"}


def test_offline_a_part_of_a_model_is_not_taken_for_the_whole(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/s", SHARDED)
    snapshot_download("org/s", allow_patterns=["*.json", "*00001-of*"])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineError, match="not on this machine"):
        fetch_model("org/s", commit, home)


def test_a_listing_that_is_damaged_is_asked_for_again(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    for memory in home.rglob("*.json"):
        memory.write_text('[{"path": 1}]')
    assert plan_model("org/m", commit, home).files == plan.files


def test_a_server_that_fails_lets_a_known_commit_go_on(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    resolve("org/m", "main", home)
    hub.fail("/api/", Fault("", 99, status=500))
    assert resolve("org/m", "main", home) == commit
