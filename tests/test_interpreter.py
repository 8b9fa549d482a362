"""Processes of ours import nothing that lies beside a stranger's suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.interpreter import ROOT, python_command, python_environment
from harness.runner.child import Child

SUITE = """\
name: strange
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}
  own: {type: classify, dataset: {python: "mine.py:load"}, limit: 2}
"""
MINE = """\
def load():
    rows = [{"prompt": f"text {n}", "target": "ab"[n % 2]} for n in range(8)]
    return {"train": rows[:4], "test": rows[4:]}
"""
PLANTED = (
    "torch", "numpy", "statistics", "yaml", "jinja2", "typer", "rich", "pydantic", "transformers",
    "llama_cpp", "json", "mine",
)  # fmt: skip
TRAP = 'open({trace!r}, "a").write(__name__ + "\\n")\nraise SystemExit("planted")\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite with modules beside it that leave a trace when they are imported."""
    (tmp_path / "suite.yaml").write_text(SUITE)
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(TRAP.format(trace=str(tmp_path / "trace")))
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = python_environment({**os.environ, "PYTHONPATH": str(ROOT)})
    del environment["PYTHONSAFEPATH"]
    environment["HARNESS_HOME"] = str(folder / "home")
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_beside_a_suite_are_not_imported_by_a_plan(folder: Path) -> None:
    done = harness(folder, "plan", "suite.yaml", "--no-probe")
    assert done.returncode == 0, done.stderr
    assert not (folder / "trace").exists(), (folder / "trace").read_text()


def test_modules_beside_a_suite_are_not_run_by_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "this.py").write_text("print('planted')")
    monkeypatch.chdir(tmp_path)
    child = Child("this", tmp_path / "log")
    said = list(iter(child.lines.get, None))
    child.kill()
    assert said[0] == "The Zen of Python, by Tim Peters\n"


def test_a_module_of_the_working_folder_is_found_by_no_child(tmp_path: Path) -> None:
    (tmp_path / "statistics.py").write_text("print('planted')")
    for given in ("", os.pathsep, f"{ROOT}{os.pathsep}"):
        done = subprocess.run(
            python_command("-c", "import statistics, subprocess, sys\n"
            "subprocess.run([sys.executable, '-m', 'statistics'])"),
            cwd=tmp_path,
            env=python_environment({**os.environ, "PYTHONPATH": given}),
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
        assert "planted" not in done.stdout


def test_folders_that_the_user_named_stay_and_the_sources_are_found() -> None:
    found = python_environment({"PYTHONPATH": os.pathsep.join(["", "/named", "near"])})
    first, second, *_ = found["PYTHONPATH"].split(os.pathsep)
    assert (first, second) == ("/named", str(Path("near").absolute()))
    command = python_command("-c", "import harness; print(harness.__file__)")
    where = subprocess.run(
        command, env=python_environment(os.environ), capture_output=True, text=True, check=True
    )
    assert Path(where.stdout.strip()).parents[1] == ROOT
