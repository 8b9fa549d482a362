"""A real disk that is too small, in place of each folder that a run writes to: one message, and it goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.interpreter import ROOT
from harness.results.store import read_summary
from tests.runner.test_damaged import QUICK_SUITE, Undisturbed, figures, undisturbed

FOLDERS = ("results", "reports", "home")
SCRIPT = """\
mount -t tmpfs -o size="$KILOBYTES"k none disk
set +e
"$@" > first.out 2> first.err; echo $? > first.code
find disk -name '.*' ! -name '*.lock' > left.out
cp -r disk before
mount -o remount,size=64m disk
"$@" > second.out 2> second.err; echo $? > second.code
cp -r disk after
"""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("quick"), QUICK_SUITE)


@pytest.fixture
def mounting(tmp_path: Path) -> list[str]:
    """What begins a command in which something can be mounted that nobody else sees."""
    command = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-ec"]
    (tmp_path / "disk").mkdir()
    mount = f"mount -t tmpfs none {tmp_path / 'disk'}"
    tried = subprocess.run([*command, mount], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    return command


@pytest.mark.soak
@pytest.mark.parametrize("kilobytes", [48, 120])
@pytest.mark.parametrize("small", FOLDERS)
def test_a_disk_that_is_too_small_is_said_and_a_run_goes_on_once_there_is_room(
    mounting: list[str], tmp_path: Path, quick: Undisturbed, small: str, kilobytes: int
) -> None:
    (tmp_path / "small.yaml").write_text(QUICK_SUITE)
    places = {name: tmp_path / ("disk" if name == small else name) for name in FOLDERS}
    words = [sys.executable, "-m", "harness", "run", "small.yaml", "--jobs", "1"]
    words += ["--results", str(places["results"]), "--reports", str(places["reports"])]
    environment = {
        **os.environ,
        "KILOBYTES": str(kilobytes),
        "HARNESS_HOME": str(places["home"]),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "300",
    }
    subprocess.run([*mounting, SCRIPT, "sh", *words], cwd=tmp_path, env=environment, check=True)
    said = {file.name: file.read_text() for file in tmp_path.glob("*.*")}
    assert said["first.code"].strip() in ("1", "2"), said
    assert "Traceback" not in said["first.err"] + said["first.out"], said
    assert "the disk is full" in said["first.err"] or "no room" in said["first.err"], said
    assert said["left.out"] == "", "nothing half-written stays"
    if said["first.code"].strip() == "2":
        assert not places["results"].exists(), "nothing was run"
    assert said["second.code"].strip() == "0", said
    results = tmp_path / ("after" if small == "results" else "results") / "small"
    assert figures(read_summary(results)) == quick.figures
    assert (tmp_path / ("after" if small == "reports" else "reports") / "small/index.html").exists()
