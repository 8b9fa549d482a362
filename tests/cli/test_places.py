"""Places that cannot be used, and outputs that cannot show every letter: one message, or a question mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main
from harness.interpreter import ROOT
from tests.exports.made_results import write_results

SUITE = """\
name: small
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}
"""


@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize(
    "words",
    [
        ("plan", "SUITE", "--no-probe", "--results", "PLACE"),
        ("run", "SUITE", "--results", "PLACE"),
        ("run", "SUITE", "--reports", "PLACE"),
        ("report", "RESULTS", "--reports", "PLACE"),
        ("baseline", "save", "RESULTS", "main", "--baselines", "PLACE"),
        ("export", "RESULTS", "--to", "csv", "--out", "PLACE"),
        ("leaderboard", "RESULTS", "--out", "PLACE"),
    ],
)
def test_a_file_in_place_of_a_folder_is_named(
    words: tuple[str, ...],
    below: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "file").write_text("mine")
    given = {
        "SUITE": str(tmp_path / "suite.yaml"),
        "RESULTS": str(write_results(tmp_path)),
        "PLACE": str(tmp_path / "file" / below),
    }
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["harness", *(given.get(word, word) for word in words)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("error: ") and str(tmp_path / "file") in said.splitlines()[0]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_home_that_is_a_file_is_named(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "suite.yaml"))
    monkeypatch.setattr(sys, "argv", ["harness", command, str(tmp_path / "suite.yaml")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: $HARNESS_HOME is ")


def harness(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_letter_that_the_output_cannot_show_is_the_nearest_of_its_width(tmp_path: Path) -> None:
    results = str(write_results(tmp_path))
    done = harness("report", results, "--markdown", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    whole = harness("report", results, "--markdown", folder=tmp_path, PYTHONIOENCODING="utf-8")
    assert not whole.stdout.isascii()
    assert done.stdout.isascii() and len(done.stdout) == len(whole.stdout)
    shown = zip(whole.stdout, done.stdout, strict=True)
    assert {pair for pair in shown if len(set(pair)) == 2} >= {("·", "."), ("−", "-")}


def test_a_working_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    script = (
        "import os, runpy, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "sys.argv = ['harness', 'plan', 'suite.yaml']; runpy.run_module('harness', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the working folder is gone\n")
