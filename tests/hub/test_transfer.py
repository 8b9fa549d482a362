"""Contents of files: what arrived is not fetched again, and only what is whole gets into the cache."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import errors
from harness.errors import (
    DamagedDownloadError,
    InterruptedDownloadError,
    NoSpaceError,
)
from harness.hub import transfer as hub_transfer
from harness.hub.cache import Snapshot
from harness.hub.client import fetch, plan_model
from harness.hub.retries import without_retries
from tests.hub.hub_client import (
    MODEL,
    WEIGHTS,
    fetch_file,
    fetch_model,
    home,
    hub,
    waits,
)
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.harness-part"))


def test_a_connection_that_is_cut_goes_on_with_the_rest(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.fail("/store/", Fault("", 2, cut_after=300_000))
    done: list[int] = []
    folder = fetch(plan_model("org/m", commit, home), lambda count, _: done.append(count))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [seen.headers.get("range") for seen in hub.requests if seen.cdn]
    assert ranges == [None, "bytes=300000-", "bytes=600000-"]
    assert done == sorted(done)
    assert done[-1] == sum(len(data) for data in MODEL.values())
    assert waits == []
    assert parts(home.parent) == []


def test_a_download_that_broke_off_is_continued_by_the_next_run(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    fetch_model("org/m", hub.commit("org/m", {**MODEL, "model.safetensors": b"other"}), home)
    commit = hub.commit("org/m", MODEL)
    hub.fail("/store/", Fault("", 1, cut_after=400_000))
    first = plan_model("org/m", commit, home)
    hub.fail("/store/", Fault("", 99, status=502))
    with pytest.raises(InterruptedDownloadError, match=r"400,000 of 1,024,000 bytes") as caught:
        fetch(first)
    assert "continues" in caught.value.hint
    assert [part.stat().st_size for part in parts(home.parent)] == [400_000]

    hub.faults.clear()
    hub.requests.clear()
    again = plan_model("org/m", commit, home)
    assert again.needed_bytes == len(WEIGHTS) - 400_000
    folder = fetch(again)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert [seen.headers.get("range") for seen in hub.requests if seen.cdn] == ["bytes=400000-"]
    assert parts(home.parent) == []


def test_a_server_that_knows_no_ranges_sends_the_whole_again(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.fail("/store/", Fault("", 1, cut_after=300_000))
    hub.fail("/store/", Fault("", 1, whole=True))
    done: list[int] = []
    folder = fetch(plan_model("org/m", commit, home), lambda count, _: done.append(count))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert done[-1] == sum(len(data) for data in MODEL.values())


def test_a_server_without_ranges_that_always_breaks_off_ends_in_an_error(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.fail("/store/", Fault("", 99, cut_after=300_000, whole=True))
    with pytest.raises(InterruptedDownloadError):
        fetch_model("org/m", commit, home)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_bytes_that_changed_on_the_way_do_not_reach_the_cache(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.fail("/store/", Fault("", 1, flip=True))
    plan = plan_model("org/m", commit, home)
    with pytest.raises(DamagedDownloadError, match=r"model\.safetensors arrived damaged"):
        fetch(plan)
    snapshot, weights = Snapshot(plan.repo, commit), plan.files[-1]
    assert not snapshot.blob(weights).exists()
    assert not snapshot.partial(weights).exists()
    folder = fetch_model("org/m", commit, home)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_small_files_are_checked_too(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.fail("resolve-cache", Fault("", 1, flip=True))
    with pytest.raises(DamagedDownloadError, match=r"config\.json"):
        fetch_model("org/m", commit, home)


def test_a_part_that_went_bad_is_fetched_anew(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    weights = next(file for file in plan.files if file.path == "model.safetensors")
    part = Snapshot(plan.repo, commit).partial(weights)
    part.parent.mkdir(parents=True)
    part.write_bytes(b"not what the file begins with")
    folder = fetch(plan)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_part_that_is_too_long_is_fetched_anew(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    weights = next(file for file in plan.files if file.path == "model.safetensors")
    part = Snapshot(plan.repo, commit).partial(weights)
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS + b"more")
    assert (fetch(plan) / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_meanwhile_is_said(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    weights = next(file for file in plan.files if file.path == "model.safetensors")
    part = Snapshot(plan.repo, commit).partial(weights)
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(NoSpaceError, match="while downloading"):
        fetch(plan)


def test_a_file_too_large_for_http_goes_through_the_hub_s_library(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_transfer, "LARGEST_OVER_HTTP", 1000)
    commit = hub.commit("org/m", MODEL)
    folder = fetch_model("org/m", commit, home)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "model.safetensors").is_symlink()
    assert list(home.parent.rglob("*.harness-*")) == []


def test_one_failure_stops_the_other_files_and_keeps_their_parts(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    files = {f"big-{n:05d}-of-00009.gguf": bytes([n]) * 50_000 for n in range(1, 10)}
    commit = hub.commit("org/g", files)
    hub.fail("big-00001", Fault("", 1, status=404, headers={"X-Error-Code": "EntryNotFound"}))
    with pytest.raises(errors.MissingFileError, match="big-00001"):
        fetch_file("org/g/big-00001-of-00009.gguf", commit, home)
    first = fetch_file("org/g/big-00001-of-00009.gguf", commit, home)
    assert {path.name: path.read_bytes() for path in first.parent.iterdir()} == files


def test_several_at_once_fetch_each_file_once(hub: HubStandIn, home: Path) -> None:
    plan = plan_model("org/m", hub.commit("org/m", MODEL), home)
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(fetch, [plan] * 4))
    assert [(folder / "model.safetensors").read_bytes() for folder in folders] == [WEIGHTS]
    assert len(hub.bodies()) == len(MODEL)


def test_a_cached_file_of_the_wrong_size_is_replaced(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    file = fetch_model("org/m", commit, home) / "model.safetensors"
    os.truncate(file, 1000)
    plan = plan_model("org/m", commit, home)
    assert [missing.path for missing in plan.missing] == ["model.safetensors"]
    assert (fetch(plan) / "model.safetensors").read_bytes() == WEIGHTS


def test_without_retries_a_busy_server_is_asked_once_for_contents_too(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    plan = plan_model("org/m", hub.commit("org/m", MODEL), home)
    hub.fail("/resolve/", Fault("", 99, status=503))
    with without_retries(), pytest.raises(errors.HubServerError, match="answered 503"):
        fetch(plan)
    assert waits == []
