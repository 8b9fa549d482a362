"""Locks: one works, the others wait and say for whom, and a dead holder holds nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.locks import held, held_if_free, holder_words

HOLD = (
    "import sys, time; from pathlib import Path; from harness.locks import held\n"
    "with held(Path(sys.argv[1]), 'converting f16'): print('held', flush=True); time.sleep(600)"
)
COUNT = """
import os, sys
from pathlib import Path
from harness.locks import held
folder = Path(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with held(folder / "lock", "counting"):
        inside = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)  # fails where two are in here
        count = int((folder / "count").read_text())
        (folder / "count").write_text(str(count + 1))
        os.close(inside)
        (folder / "inside").unlink()
"""


def holder(lock: Path) -> subprocess.Popen[bytes]:
    """Another process that has the lock."""
    found = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
    assert found.stdout is not None and found.stdout.readline() == b"held\n"
    return found


def test_who_waits_is_told_for_whom_and_goes_on_when_the_holder_was_killed(tmp_path: Path) -> None:
    lock, told, waits = tmp_path / "here" / "lock", [], threading.Event()

    def hear(who: str) -> None:
        told.append(who)
        waits.set()

    def wait() -> None:
        with held(lock, "waiting", hear) as waited:
            assert waited and f"process {os.getpid()}" in holder_words(lock)

    with holder(lock) as other:
        with held_if_free(lock, "looking") as is_free:
            assert not is_free
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert waits.wait(20)
        other.kill()
        waiting.join(20)
        other.communicate()
    assert not waiting.is_alive()
    assert told[0].startswith(f"process {other.pid} (converting f16, since ") and told[1:] == [""]


def test_what_a_dead_holder_wrote_is_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with holder(lock) as other:
        other.kill()
        other.communicate()
    assert str(other.pid) in lock.read_text()
    with held(lock, "taking over", lambda who: pytest.fail(who)) as waited:
        assert not waited
    assert lock.read_text() == ""


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_of_eight_processes_one_is_in_at_a_time(rounds: int, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    words = [sys.executable, "-c", COUNT, str(tmp_path), str(rounds)]
    running = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(8)]
    for one in running:
        _, said = one.communicate(timeout=300)
        assert one.returncode == 0, said.decode()
    assert (tmp_path / "count").read_text() == str(8 * rounds)


def test_whoever_waits_gets_it_though_its_folder_was_taken_away(tmp_path: Path) -> None:
    file, waiting, got = tmp_path / "results" / "run.lock", threading.Event(), list[bool]()

    def second() -> None:
        with held(file, "second", lambda who: waiting.set()):
            got.append(file.exists())

    thread = threading.Thread(target=second)
    with held(file, "first"):
        thread.start()
        assert waiting.wait(10)
        shutil.rmtree(file.parent)
    thread.join(10)
    assert got == [True]
