"""`harness export`: every format by its name, files where they are said to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from harness.cli.export import export_results
from harness.cli.sharing_commands import FormatName
from harness.errors import InputError
from harness.exports.formats import FORMATS
from tests.exports.made_results import write_results
from tests.reporting.variants import with_failures

LIBRARIES = {"mlflow", "wandb"}


def test_the_command_names_the_formats_that_there_are() -> None:
    assert get_args(FormatName) == tuple(FORMATS)


@pytest.mark.parametrize("to", sorted(set(FORMATS) - LIBRARIES))
def test_files_are_where_the_command_says_and_are_told_with_what_is_missing(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_results(tmp_path, with_failures())
    monkeypatch.chdir(tmp_path)
    assert export_results(folder, to, None, FORMATS[to].answers, "me", as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] and all(Path(file).is_file() for file in said["files"])
    assert all(Path(file).is_relative_to("exports/quickstart") for file in said["files"])
    assert any("signal 11" in note for note in said["notes"])


def test_a_format_without_a_place_for_answers_says_which_have_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        export_results(write_results(tmp_path), "pytest-benchmark", None, True, "me", as_json=False)
    assert "csv, parquet, jsonl, lm-eval, every-eval-ever" in raised.value.hint
