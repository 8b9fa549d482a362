"""What can go wrong with the Hub: each failure has its own message, and no secret gets out."""

from __future__ import annotations

import logging
import traceback
from collections import namedtuple
from pathlib import Path

import httpx2
import pytest

from harness.errors import (
    GatedRepoError,
    HarnessError,
    HubError,
    MissingRepoError,
    MissingRevisionError,
    NoSpaceError,
    RefusedTokenError,
)
from harness.hub.cache import Snapshot
from harness.hub.client import fetch, plan_model, resolve
from harness.hub.errors import explain, redact
from harness.hub.records import Repo
from tests.hub.hub_client import (
    MODEL,
    TOKEN,
    WEIGHTS,
    fetch_model,
    home,
    hub,
    waits,
)
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]

Usage = namedtuple("Usage", "total used free")


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
    plan = plan_model("org/m", resolve("org/m", "main", home), home)
    assert plan.total_bytes > len(WEIGHTS)
    with pytest.raises(GatedRepoError, match=r"org/m is gated.*not logged in") as caught:
        fetch(plan)
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


def test_too_little_room_is_said_before_the_first_byte(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1, 1, 1_000_000))
    plan = plan_model("org/m", commit, home)
    assert plan.needed_bytes > 1_000_000
    with pytest.raises(NoSpaceError, match=r"needs 1\.02 MB.*1\.00 MB free") as caught:
        fetch(plan)
    assert "HF_HOME" in caught.value.hint
    assert hub.bodies() == []


def test_a_cache_that_cannot_be_written_is_named(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    blobs = Snapshot(plan.repo, commit).blob(plan.files[0]).parent
    blobs.parent.mkdir(parents=True)
    blobs.write_text("a file where a folder should be")
    with pytest.raises(HubError, match="cannot be written") as caught:
        fetch(plan)
    assert "HF_HOME" in caught.value.hint


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
        fetch_model(repo, resolve(repo, "main", home), home)
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
    fetch_model("org/m", resolve("org/m", "main", home), home)
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
