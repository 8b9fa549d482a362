"""Looking at a disk: whether files can be made on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.disk import check_takes_files


def test_a_folder_that_is_still_to_be_made_is_where_the_nearest_one_is(tmp_path: Path) -> None:
    check_takes_files(tmp_path / "not" / "there")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def read_only(tmp_path: Path) -> list[str]:
    """What begins a command whose folder `disk` lies on a disk that cannot be written to."""
    (tmp_path / "disk").mkdir()
    command = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-ec"]
    mount = f"mount -t tmpfs -o ro,size=1m none {tmp_path / 'disk'}"
    tried = subprocess.run([*command, mount], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    return [*command, f'{mount}; exec "$@"', "sh"]


def test_a_read_only_disk_is_found_before_anything_is_run(
    read_only: list[str], tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from harness.disk import check_takes_files, disk_fault\n"
        "try: check_takes_files(Path(sys.argv[1]))\n"
        "except OSError as error: print(*disk_fault(error), sep='\\n')"
    )
    words = [*read_only, sys.executable, "-c", code, str(tmp_path / "disk" / "reports")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{tmp_path / 'disk'}: the disk cannot be written to (")
    assert "--reports" in done.stdout


@pytest.mark.parametrize("option", ["--results", "--reports"])
def test_a_run_that_could_not_keep_what_it_makes_is_not_begun(
    read_only: list[str], tmp_path: Path, option: str
) -> None:
    (tmp_path / "suite.yaml").write_text(
        "name: small\nmodels:\n  base: {source: starter}\n"
        "tasks:\n  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}\n"
    )
    words = [*read_only, sys.executable, "-m", "harness", "run", "suite.yaml", option, "disk"]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={**os.environ, "HARNESS_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith("error: ") and "disk: the disk cannot be written to (" in error.replace(
        "disk/small", "disk"
    )
    assert hint.startswith("hint: Mend it, or write elsewhere")
    assert not list(tmp_path.rglob("artifacts"))
