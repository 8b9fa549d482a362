"""What no command may stumble over, tried on each that the parser knows: a new one is tried as soon as it is there.

Each is a process: its exit code, what it says and what it leaves behind are those that its user sees.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from harness.cli.app import app
from tests.exports.made_results import write_results
from tests.hostile.cases import AsProcesses, at_hand, contents, processes
from tests.hostile.processes import Said

__all__ = ["processes"]

SUITE = """\
name: small
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], epochs: 1}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}
"""
GOOD = {
    "SUITE": "suite.yaml", "RESULTS": "results/quickstart", "SUITE|RESULTS": "results/quickstart",
    "MODEL": "base", "NAME": "phrasebank-sample", "SUITE_OR_MODEL": "suite.yaml", "ORG/NAME|FOLDER": "card",
    "RESULTS...": "results/quickstart", "FOLDER…": "results/quickstart", "OUT": "made",
}  # fmt: skip
"""What stands for each kind of argument, by its name in the help, that a command can work with."""
NO_FOLDERS = {"--junit", "--markdown", "--suite"}
"""Options that name a file."""
MEANT = {
    ("leaderboard", "/"): "all that lies below is looked through for results",
    ("leaderboard", ""): "results are looked for in the working folder",
    ("chat", "file/below"): "it may be the id of a model on the Hub",
}
"""What is no mistake, and why."""
GOES_ON = {"run", "chat", "demo"}
"""Commands that do not end at once where their input is good."""
OFFERED = {"data get"}
"""Commands whose arguments are names of what has to be fetched."""


def leaves(of: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    for name, inner in getattr(of, "commands", {}).items():
        words = f"{before} {name}".strip()
        if hasattr(inner, "commands"):
            yield from leaves(inner, words)
        else:
            yield words, inner


COMMANDS = dict(leaves(typer.main.get_command(app)))
ASKING = [name for name, command in COMMANDS.items() if any(of.required for of in command.params)]
FOLDERS = [
    (name, of.opts[0])
    for name, command in COMMANDS.items()
    for of in command.params
    if of.param_type_name == "option"
    and of.type_descriptor.annotation is Path
    and of.opts[0] not in NO_FOLDERS
]


def words_of(name: str, given: str | None = None) -> list[str]:
    """A command with all that it must be given: always the same word, or what it can work with."""
    words = name.split()
    for of in COMMANDS[name].params:
        if not of.required:
            continue
        choices = getattr(of.type_descriptor, "choices", None)
        if of.param_type_name == "option":
            words.append(of.opts[0])
        if choices and of.param_type_name == "option":
            words.append(str(choices[0]))
        else:
            words.append(given if given is not None else GOOD[(of.metavar or of.name).upper()])
    return words


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results, made once."""
    return write_results(tmp_path_factory.mktemp("made")).parent


@pytest.fixture
def place(processes: AsProcesses, made: Path) -> AsProcesses:
    """A folder with a suite, results, a file, an empty folder."""
    shutil.copytree(made, processes.here / "results")
    (processes.here / "suite.yaml").write_text(SUITE)
    (processes.here / "file").write_bytes(bytes(range(256)))
    (processes.here / "folder").mkdir()
    return processes


def refused(place: AsProcesses, said: Said, before: dict[str, bytes]) -> None:
    """Fails where a command was not refused in one clear message, or left something."""
    assert said.code == 2, said
    place.is_clear(said)
    assert not said.out, said
    assert contents(place.here) == before


@pytest.mark.parametrize(
    "given",
    ["nichts-dä", "\udcff", "x" * 300, "", "file", "folder", "file/below", "/", "/dev/null"],
)
@pytest.mark.parametrize("name", ASKING)
def test_what_is_not_there_or_something_else_is_refused(
    name: str, given: str, place: AsProcesses
) -> None:
    if (name, given) in MEANT:
        pytest.skip(MEANT[name, given])
    before = contents(place.here)
    refused(place, place.run(*words_of(name, given)), before)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_home_that_is_a_file_is_said(name: str, place: AsProcesses) -> None:
    before, home = contents(place.here), place.here / "file"
    for of in (home, home / "below"):
        said = place.run(*words_of(name), HARNESS_HOME=str(of))
        refused(place, said, before)
        assert said.err.startswith(f"error: $HARNESS_HOME is {of}, and {home} is no folder\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_working_folder_that_is_gone_is_said(name: str, place: AsProcesses) -> None:
    said = at_hand().run(words_of(name), place.here / "folder", {}, gone=True)
    refused(place, said, contents(place.here))
    assert said.err.startswith("error: the working folder is gone\n")


@pytest.mark.parametrize(("name", "option"), FOLDERS)
def test_a_file_where_a_folder_is_named_is_said(name: str, option: str, place: AsProcesses) -> None:
    words, before = words_of(name), contents(place.here)
    if option in words:
        words[words.index(option) + 1] = "file"
    else:
        words += [option, "file"]
    said = place.run(*words)
    refused(place, said, before)
    assert "file" in said.err.splitlines()[0]


@pytest.mark.parametrize("name", ASKING)
def test_a_refusal_can_be_read_where_only_ascii_is_shown(name: str, place: AsProcesses) -> None:
    words = words_of(name, "nichts-dä")
    said = _in_ascii().run(words, place.here, {"HARNESS_HOME": str(place.here / "home")})
    assert said.code == 2 and "nichts-da" in said.err
    assert (said.out + said.err).isascii() and "Traceback" not in said.err


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - GOES_ON - OFFERED))
def test_what_a_command_shows_is_shown_as_ascii_where_nothing_else_is(
    name: str, place: AsProcesses
) -> None:
    home = {"HARNESS_HOME": str(place.here / "home")}
    said = _in_ascii().run(words_of(name), place.here, home)
    whole = at_hand().run(words_of(name), place.here, home)
    assert said.code == whole.code and (said.out + said.err).isascii()
    assert "Traceback" not in said.err


@cache
def _in_ascii() -> Any:
    return at_hand(PYTHONIOENCODING="ascii")
