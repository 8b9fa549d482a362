"""Links in a stranger's results lead nowhere: no command reads or writes a file outside through one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.app import app
from harness.errors import InputError
from harness.results.store import read_summary
from harness.results.strays import KEPT, check_results
from harness.runner.run import Options, prepare
from tests.results.made import write_results

SECRET = "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAA"
ANSWERED = "cells/new/sentiment/samples.jsonl"
PLACES = (
    *KEPT, "cells/new", "cells/new/sentiment", ANSWERED, "cells/new/sentiment/result.json",
    "prompts/0.json", "steps/0.json", "texts/sentiment.json", "logs/ask.log",
)  # fmt: skip
COMMANDS = {
    "report": ["report", "results/mine"],
    "comment": ["report", "results/mine", "--markdown"],
    "assignment": ["report", "results/mine", "--template", "assignment-1"],
    "view": ["view", "results/mine", "--no-open"],
    "gate": ["gate", "results/mine"],
    "compare": ["compare", "results/mine", "old", "new"],
    "against": ["compare", "results/mine", "new", "--baseline", "results/mine"],
    "show": ["show", "results/mine", "new", "sentiment"],
    "baseline": ["baseline", "save", "results/mine", "main"],
    "export": ["export", "results/mine", "--to", "jsonl", "--samples"],
    "leaderboard": ["leaderboard", "results/mine", "--out", "site"],
    "publish": ["publish", "results/mine", "--to", "./published", "--as", "dataset", "--anyway"],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with results, beside a home that holds a secret."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "id_rsa").write_text(SECRET)
    folder = tmp_path / "work"
    gate = {"models": ["new"], "task": "sentiment", "metric": "accuracy", "min": 0.5}
    right = {"old": [True] * 9, "new": [True] * 8 + [False]}
    write_results(folder / "results" / "mine", right, [gate])
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "harness"))
    return folder


def link(results: Path, place: str) -> Path:
    """A link out of the results in the place of what stands there."""
    file, outside = results / place, results.parents[2] / "home"
    if file.is_dir():
        shutil.rmtree(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.symlink_to(outside / "id_rsa" if "." in file.name else outside)
    return file


@pytest.mark.parametrize("place", PLACES)
def test_a_link_out_of_results_is_refused_by_name_wherever_it_is(here: Path, place: str) -> None:
    file = link(here / "results" / "mine", place)
    with pytest.raises(InputError, match=rf"{file}: a link that leads out") as caught:
        read_summary(here / "results" / "mine")
    assert caught.value.hint and SECRET not in caught.value.message


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_reads_or_writes_through_a_link(here: Path, command: str) -> None:
    before = {file: file.read_bytes() for file in here.rglob("*") if file.is_file()}
    file = link(here / "results" / "mine", ANSWERED)
    ended = CliRunner().invoke(app, COMMANDS[command])
    assert isinstance(ended.exception, InputError), ended.output
    assert str(Path("results/mine", ANSWERED)) in ended.exception.message
    file.unlink()
    after = {file: file.read_bytes() for file in here.rglob("*") if file.is_file()}
    assert after == {file: data for file, data in before.items() if file in after}
    assert (here.parent / "home" / "id_rsa").read_text() == SECRET


@pytest.mark.parametrize("command", COMMANDS)
def test_each_of_these_commands_reads_results_without_links(here: Path, command: str) -> None:
    ended = CliRunner().invoke(app, COMMANDS[command])
    assert isinstance(ended.exception, SystemExit | None), ended.exception
    assert ended.exit_code == 0, ended.output


def test_links_within_results_stay(here: Path) -> None:
    results = here / "results" / "mine"
    (results / "cells" / "new" / "sentiment" / "result.json").unlink()
    (results / "cells" / "new" / "sentiment" / "result.json").symlink_to(
        results / "cells" / "old" / "sentiment" / "result.json"
    )
    (here / "mine").symlink_to(results)
    assert read_summary(here / "mine").cells


def test_a_summary_alone_may_stand_among_other_files(here: Path) -> None:
    (here / "elsewhere").symlink_to(here.parent / "home")
    shutil.copy(here / "results" / "mine" / "summary.json", here / "summary.json")
    assert read_summary(here / "summary.json").cells


def test_a_pipe_is_refused_before_anybody_waits_for_it(here: Path) -> None:
    file = here / "results" / "mine" / ANSWERED
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(InputError, match="neither a file nor a folder"):
        check_results(here / "results" / "mine")


SUITE = "name: mine\nmodels: {old: {source: starter}}\ntasks: {speed: {type: speed}}\n"


@pytest.mark.parametrize("where", ["results/mine", "results/mine@limit-3", "results/mine/cells"])
def test_a_run_writes_through_no_link_and_borrows_through_none(here: Path, where: str) -> None:
    shutil.rmtree(here / "results")
    (here / "suite.yaml").write_text(SUITE)
    (here / where).parent.mkdir(parents=True)
    (here / where).symlink_to(here.parent / "home")
    with pytest.raises(InputError, match="a link that leads out of"):
        prepare(here / "suite.yaml", Options(home=here.parent / "harness"))
    assert [file.name for file in (here.parent / "home").iterdir()] == ["id_rsa"]


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("report", "reports/mine"),
        ("report", "reports/mine/charts"),
        ("assignment", "reports/mine/assignment"),
        ("assignment", "reports/mine/assignment/charts"),
        ("assignment", "reports/mine/assignment/assignment.md"),
        ("baseline", "baselines/main"),
    ],
)
def test_reports_and_baselines_are_written_through_no_link(
    here: Path, command: str, where: str
) -> None:
    home = here.parent / "home"
    (home / "old.svg").write_text("kept")
    (here / where).parent.mkdir(parents=True)
    (here / where).symlink_to(home / "id_rsa" if where.endswith(".md") else home)
    ended = CliRunner().invoke(app, COMMANDS[command])
    assert isinstance(ended.exception, InputError), ended.output
    assert "a link that leads out of" in ended.exception.message
    assert sorted(file.name for file in home.iterdir()) == ["id_rsa", "old.svg"]
