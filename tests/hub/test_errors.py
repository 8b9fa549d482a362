"""What can go wrong with the Hub: each failure has its own message, and no secret gets out."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from harness import errors
from harness.errors import (
    DamagedDownloadError,
    GatedRepoError,
    HarnessError,
    HubError,
    HubServerError,
    InterruptedDownloadError,
    MissingRepoError,
    MissingRevisionError,
    NoSpaceError,
    OfflineError,
    RefusedTokenError,
)
from harness.hub import transfer as hub_transfer
from harness.hub.cache import Snapshot
from harness.hub.client import check_access, fetch, fetch_file, fetch_model, plan_model, resolve
from harness.hub.errors import explain, redact
from harness.hub.records import Repo
from tests.hub.hub_client import TOKEN, home, hub, waits
from tests.hub_stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]

WEIGHTS = bytes(range(256)) * 4000
MODEL = {"config.json": b'{"model_type": "llama"}', "model.safetensors": WEIGHTS}
Usage = namedtuple("Usage", "total used free")


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.harness-part"))


def test_a_missing_repo_is_no_gated_one(hub: HubStandIn, home: Path) -> None:
    with pytest.raises(MissingRepoError, match=r"no model org/none .*not logged in") as caught:
        resolve("org/none", "main", home)
    assert "org/name" in caught.value.hint
    assert "hf auth login" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_missing_repo_of_one_logged_in_may_be_hidden_from_the_account(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(MissingRepoError, match="your account may not see it"):
        resolve("org/none", "main", home)


def test_a_missing_revision_is_named(hub: HubStandIn, home: Path) -> None:
    hub.commit("org/m", MODEL)
    with pytest.raises(MissingRevisionError, match="org/m has no revision v9") as caught:
        resolve("org/m", "v9", home)
    assert "org/m/refs" in caught.value.hint
    with pytest.raises(MissingRevisionError, match="0000000"):
        fetch_model("org/m", "0" * 40, home)


def test_a_gated_repo_tells_where_to_accept_its_licence_and_how_to_log_in(
    hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/m", MODEL, gated=True)
    plan = plan_model("org/m", resolve("org/m", "main", home).commit, home)
    assert plan.total_bytes > len(WEIGHTS)
    for attempt in (lambda: check_access(plan), lambda: fetch(plan)):
        with pytest.raises(GatedRepoError, match=r"org/m is gated.*not logged in") as caught:
            attempt()
        assert f"{hub.endpoint}/org/m" in caught.value.hint
        assert "HF_TOKEN" in caught.value.hint
    assert not any(seen.cdn for seen in hub.requests)
    assert list(Snapshot(Repo("org/m"), commit).folder.rglob("*")) == []


def test_an_account_without_access_is_told_so_and_one_with_access_gets_the_files(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL, gated=True)
    hub.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(GatedRepoError, match=r"your account has no access.*is restricted"):
        fetch_model("org/m", commit, home)
    hub.repos["org/m"].readers.add(TOKEN)
    assert (fetch_model("org/m", commit, home) / "model.safetensors").read_bytes() == WEIGHTS


def test_a_token_that_is_refused_is_said(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit("org/m", MODEL)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(RefusedTokenError, match="does not take the token") as caught:
        resolve("org/m", "main", home)
    assert "expired" in caught.value.hint


def test_a_token_without_the_right_is_told_from_a_gated_repo(hub: HubStandIn, home: Path) -> None:
    hub.commit("org/m", MODEL)
    hub.fail("/api/", Fault("", 1, status=403, body=b"no right"))
    with pytest.raises(GatedRepoError, match=r"refuses access to org/m.*no right") as caught:
        resolve("org/m", "main", home)
    assert "fine-grained" in caught.value.hint


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("where", ["/revision/", "/tree/", "/resolve/", "/store/"])
def test_a_busy_server_is_asked_again(
    status: int, where: str, hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", {"config.json": b"{}", "model.safetensors": WEIGHTS})
    hub.fail(where, Fault("", 2, status=status))
    folder = fetch_model("org/m", resolve("org/m", "main", home).commit, home)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert len(waits) == 2


def test_a_server_that_stays_busy_is_an_error_after_growing_waits(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", MODEL)
    hub.fail("/api/", Fault("", 99, status=503))
    with pytest.raises(HubServerError, match="answered 503 when asked for org/m at main"):
        resolve("org/m", "main", home)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_the_server_s_own_wait_is_kept_within_bounds(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", MODEL)
    limit = {"ratelimit": '"api";r=0;t=55'}
    hub.fail("/api/", Fault("", 1, status=429, headers=limit))
    hub.fail("/api/", Fault("", 1, status=503, headers={"Retry-After": "7"}))
    hub.fail("/api/", Fault("", 1, status=503, headers={"Retry-After": "99999"}))
    resolve("org/m", "main", home)
    assert waits == [55.0, 7.0, 300.0]


def test_a_server_that_fails_lets_a_known_commit_go_on(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    resolve("org/m", "main", home)
    hub.fail("/api/", Fault("", 99, status=500))
    found = resolve("org/m", "main", home)
    assert found.commit == commit
    assert "500" in found.note


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


def test_a_cached_file_of_the_wrong_size_is_replaced(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    file = fetch_model("org/m", commit, home) / "model.safetensors"
    os.truncate(file, 1000)
    plan = plan_model("org/m", commit, home)
    assert [missing.path for missing in plan.missing] == ["model.safetensors"]
    assert (fetch(plan) / "model.safetensors").read_bytes() == WEIGHTS


def test_too_little_room_is_said_before_the_first_byte(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1, 1, 1_000_000))
    plan = plan_model("org/m", commit, home)
    assert plan.free_bytes == 1_000_000 < plan.needed_bytes
    with pytest.raises(NoSpaceError, match=r"needs 1\.02 MB.*1\.00 MB free") as caught:
        fetch(plan)
    assert "HF_HOME" in caught.value.hint
    assert hub.bodies() == []


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


def test_a_cache_that_cannot_be_written_is_named(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    blobs = Snapshot(plan.repo, commit).blob(plan.files[0]).parent
    blobs.parent.mkdir(parents=True)
    blobs.write_text("a file where a folder should be")
    with pytest.raises(HubError, match="cannot be written") as caught:
        fetch(plan)
    assert "HF_HOME" in caught.value.hint


def test_an_unreachable_hub_is_said_without_waiting(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    hub.stop()
    with pytest.raises(OfflineError, match=r"Hub \(127.0.0.1\) cannot be reached"):
        resolve("org/m", "main", home)
    assert waits == []
    with pytest.raises(OfflineError, match="cannot be reached"):
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


SECRET_FAILURES = [
    ("missing", lambda hub: None, "org/none"),
    ("gated", lambda hub: hub.commit("org/m", MODEL, gated=True), "org/m"),
    ("busy", lambda hub: hub.fail("", Fault("", 99, status=500, body=TOKEN.encode())), "org/m"),
    (
        "forbidden",
        lambda hub: hub.fail("", Fault("", 99, status=403, body=TOKEN.encode())),
        "org/m",
    ),
    ("cut", lambda hub: hub.fail("/store/", Fault("", 99, cut_after=0)), "org/m"),
    ("signed", lambda hub: hub.fail("/store/", Fault("", 99, status=403)), "org/m"),
    ("gone", lambda hub: hub.stop(), "org/m"),
]


@pytest.mark.parametrize(
    ("prepare", "repo"),
    [(prepare, repo) for _, prepare, repo in SECRET_FAILURES],
    ids=[name for name, _, _ in SECRET_FAILURES],
)
def test_no_failure_tells_the_token(
    prepare: object,
    repo: str,
    hub: HubStandIn,
    home: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub.commit("org/m", MODEL)
    hub.tokens.add(TOKEN)
    hub.echo_token = True
    assert callable(prepare)
    prepare(hub)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    caplog.set_level(logging.DEBUG)
    for name in ("huggingface_hub", "httpx2", "httpcore", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    with pytest.raises(HarnessError) as caught:
        fetch_model(repo, resolve(repo, "main", home).commit, home)
    error = caught.value
    told = [error.message, error.hint, str(error), repr(error), repr(error.__dict__), caplog.text]
    told += traceback.format_exception(error)
    chain: BaseException | None = error
    while chain is not None:
        told.append(repr(chain))
        assert not isinstance(chain, httpx2.HTTPError)
        chain = chain.__cause__ or chain.__context__
    assert not [text for text in told if TOKEN in text]
    assert not any("Signature" in text for text in told[:-1] if text is not caplog.text)


def test_no_file_holds_the_token(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit("org/m", MODEL, private=True)
    hub.tokens.add(TOKEN)
    hub.repos["org/m"].readers.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    fetch_model("org/m", resolve("org/m", "main", home).commit, home)
    files = [path for path in home.parent.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token hf_abcdefghijklmnop was refused", "hf_abcdefghijklmnop"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("for url https://me:pass@mirror.example/x", "me:pass"),
        ("at https://cdn.example/f?X-Amz-Signature=123abc&Expires=9", "123abc"),
        ("api_org_abcdefgh failed", "api_org_abcdefgh"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[secret]" in redact(text)


@pytest.mark.parametrize(
    "text",
    ["12 of 34 bytes", "https://huggingface.co/org/hf-model/tree/main", "the hf_hub client, a=b"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_an_error_of_the_disk_that_is_not_full_is_not_taken_for_a_full_one() -> None:
    found = explain(PermissionError(13, "Permission denied", "/cache"), Repo("org/m"))
    assert not isinstance(found, NoSpaceError)
    assert "Permission denied (/cache)" in found.message


CLIENT = """
import json, sys
from pathlib import Path
from harness.errors import HarnessError
from harness.hub.client import fetch_model, resolve
try:
    found = resolve("org/m", "main", Path(sys.argv[1]))
    folder = fetch_model("org/m", found.commit, Path(sys.argv[1]))
    print(json.dumps({"folder": str(folder), "note": found.note, "torch": "torch" in sys.modules}))
except HarnessError as error:
    print(json.dumps({"kind": error.kind}))
"""


def run_client(home: Path, endpoint: str, **more: str) -> dict[str, object]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "NO_PROXY": "*",
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(home)],
        env={**environment, **more},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_process_of_its_own_needs_only_the_environment(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    assert run_client(home, hub.endpoint, HF_HUB_OFFLINE="1") == {"kind": "offline"}
    first = run_client(home, hub.endpoint)
    assert first["folder"] == str(home / "hf/hub/models--org--m/snapshots" / commit)
    assert (first["note"], first["torch"]) == ("", False)
    asked = len(hub.requests)
    second = run_client(home, hub.endpoint, HF_HUB_OFFLINE="1")
    assert second["folder"] == first["folder"]
    assert "HF_HUB_OFFLINE" in str(second["note"])
    assert len(hub.requests) == asked
