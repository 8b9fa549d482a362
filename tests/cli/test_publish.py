"""`harness publish`: to a stand-in of the Hub by the Hub's own library, and to folders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from huggingface_hub import ModelCard

from harness.cli.publish import Wish, publish
from harness.cli.sharing_commands import KindName
from harness.errors import HarnessError, InputError, RefusedTokenError
from harness.publish.making import MAKERS
from tests.exports.made_results import write_results
from tests.hub.hub_client import TOKEN, hub
from tests.hub.stand_in import HubStandIn
from tests.reporting.variants import with_failures

__all__ = ["hub"]
CARD = Wish("me/tiny-q4", "model-card", "lora-q4")


@pytest.fixture
def writable(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> HubStandIn:
    """A Hub that takes what the user sends, who is logged in."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens.add(TOKEN)
    hub.writers.add(TOKEN)
    return hub


def contents(hub: HubStandIn, name: str, revision: str = "main") -> dict[str, bytes]:
    repo = hub.repos[name]
    return {path: of.data for path, of in repo.commits[repo.refs[revision]].items()}


def test_the_command_names_what_there_is() -> None:
    assert get_args(KindName) == tuple(MAKERS)


def test_a_card_is_committed_to_a_new_repo(
    writable: HubStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(write_results(tmp_path), replace(CARD, private=True), as_json=False) == 0
    card: Any = ModelCard(contents(writable, "me/tiny-q4")["README.md"].decode())
    assert card.data.model_name == "lora-q4" and writable.repos["me/tiny-q4"].private
    said = capsys.readouterr()
    assert f"Published: {writable.endpoint}/me/tiny-q4/commit/" in said.out
    assert TOKEN not in said.out + said.err


def test_large_files_of_a_data_set_go_the_way_of_large_files(
    writable: HubStandIn, tmp_path: Path
) -> None:
    publish(write_results(tmp_path), Wish("me/results", "dataset"), as_json=True)
    files = contents(writable, "datasets/me/results")
    assert files["data/metrics.parquet"][:4] == b"PAR1" and "summary.json" in files
    uploads = [seen for seen in writable.requests if seen.method == "PUT"]
    assert len(uploads) == 2 and uploads[0].cdn and "authorization" not in uploads[0].headers


def test_publishing_again_replaces_what_was_published_and_keeps_other_files(
    writable: HubStandIn, tmp_path: Path
) -> None:
    folder = write_results(tmp_path)
    publish(folder, CARD, as_json=True)
    mine = {**contents(writable, "me/tiny-q4"), "notes.txt": b"mine"}
    writable.commit("me/tiny-q4", mine)
    publish(folder, replace(CARD, model="lora-q8"), as_json=True)
    files = contents(writable, "me/tiny-q4")
    assert b"lora-q8" in files["README.md"] and files["notes.txt"] == b"mine"


def test_a_card_that_somebody_else_wrote_is_not_replaced_unasked(
    writable: HubStandIn, tmp_path: Path
) -> None:
    folder = write_results(tmp_path)
    writable.commit("me/tiny-q4", {"README.md": b"# My own words"})
    with pytest.raises(InputError, match="did not write") as raised:
        publish(folder, CARD, as_json=True)
    assert "--overwrite" in raised.value.hint and "--pull-request" in raised.value.hint
    assert contents(writable, "me/tiny-q4") == {"README.md": b"# My own words"}
    publish(folder, replace(CARD, pull_request=True), as_json=True)
    assert contents(writable, "me/tiny-q4") == {"README.md": b"# My own words"}
    assert b"lora-q4" in contents(writable, "me/tiny-q4", "refs/pr/1")["README.md"]
    publish(folder, replace(CARD, overwrite=True), as_json=True)
    assert b"lora-q4" in contents(writable, "me/tiny-q4")["README.md"]


def test_a_dry_run_shows_every_file_and_touches_nothing(
    writable: HubStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_results(tmp_path)
    wish = Wish("me/results", "dataset", dry_run=True)
    assert publish(folder, wish, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["place"] is None and {of["path"] for of in said["files"]} == {
        "README.md",
        "data/answers.parquet",
        "data/metrics.parquet",
        "summary.json",
        "suite.yaml",
    }
    sizes = {of["path"]: of["bytes"] for of in said["files"]}
    publish(folder, replace(wish, show="suite.yaml"), as_json=False)
    assert len(capsys.readouterr().out.encode()) == sizes["suite.yaml"]
    assert not writable.requests and not writable.repos


def test_results_with_failures_are_refused_until_they_are_wanted(
    writable: HubStandIn, tmp_path: Path
) -> None:
    folder = write_results(tmp_path, with_failures())
    with pytest.raises(InputError, match="lora-q4/dialogue failed") as raised:
        publish(folder, CARD, as_json=True)
    assert "--anyway" in raised.value.hint and not writable.repos
    publish(folder, replace(CARD, anyway=True), as_json=True)
    assert b"signal 11" in contents(writable, "me/tiny-q4")["README.md"]


def test_without_a_login_nothing_is_sent(hub: HubStandIn, tmp_path: Path) -> None:
    with pytest.raises(RefusedTokenError, match="not logged in"):
        publish(write_results(tmp_path), CARD, as_json=True)
    assert not hub.requests


@pytest.mark.parametrize("known", [True, False])
def test_a_token_that_may_not_write_is_told_and_stands_in_no_message(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens |= {TOKEN} if known else set()
    hub.echo_token = True
    with pytest.raises(HarnessError) as raised:
        publish(write_results(tmp_path), CARD, as_json=True)
    assert isinstance(raised.value, RefusedTokenError)
    said = f"{raised.value.message} {raised.value.hint}"
    assert "does not let you write to me/tiny-q4" in said and TOKEN not in said
    assert raised.value.__cause__ is None and raised.value.__context__ is None


def test_into_a_folder_the_same_files_come(tmp_path: Path) -> None:
    folder = write_results(tmp_path)
    publish(folder, Wish(str(tmp_path / "out"), "dataset"), as_json=True)
    there = {f.relative_to(tmp_path / "out").as_posix() for f in (tmp_path / "out").rglob("*.*")}
    assert {"README.md", "data/metrics.parquet", "summary.json", "suite.yaml"} <= there
    publish(folder, Wish(str(tmp_path / "out"), "dataset"), as_json=True)


def test_files_of_a_folder_that_somebody_else_wrote_are_not_replaced_unasked(
    tmp_path: Path,
) -> None:
    folder = write_results(tmp_path)
    before = (folder / "summary.json").read_bytes().replace(b"\n", b"\r\n")
    (folder / "summary.json").write_bytes(before)
    with pytest.raises(InputError, match=r"summary\.json is there already"):
        publish(folder, Wish(str(folder), "dataset"), as_json=True)
    assert (folder / "summary.json").read_bytes() == before and not (folder / "README.md").exists()


def test_which_model_is_asked_for_where_several_could_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--model NAME") as raised:
        publish(write_results(tmp_path), replace(CARD, model=None), as_json=True)
    assert "lora-q4" in raised.value.hint


def test_a_leaderboard_becomes_a_static_space(writable: HubStandIn, tmp_path: Path) -> None:
    publish(write_results(tmp_path), Wish("me/board", "space"), as_json=True)
    files = contents(writable, "spaces/me/board")
    head = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert (head["sdk"], head["app_file"]) == ("static", "index.html")
    assert b"lora-q4" in files["index.html"] and b"lora-q4" in files["leaderboard.csv"]


def test_a_leaderboard_of_many_results_becomes_a_folder_of_pages(tmp_path: Path) -> None:
    write_results(tmp_path)
    site = tmp_path / "docs"
    publish(tmp_path / "results", Wish(str(site), "pages"), as_json=True)
    assert (site / ".nojekyll").is_file() and "lora-q4" in (site / "index.html").read_text()
    first = {f: f.read_bytes() for f in site.rglob("*") if f.is_file()}
    publish(tmp_path / "results", Wish(str(site), "pages"), as_json=True)
    assert {f: f.read_bytes() for f in site.rglob("*") if f.is_file()} == first


def test_pages_are_for_a_folder(writable: HubStandIn, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names a repo on the Hub"):
        publish(write_results(tmp_path), Wish("me/board", "pages"), as_json=True)
    assert not writable.requests
