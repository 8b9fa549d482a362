"""What is said of a worker that was killed: by what the kernel counted, and by the memory that was free."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from harness.engines import deaths, memory
from harness.engines.deaths import Watch, last_lines
from harness.engines.memory import memory_kills

GIB = 2**30
LOG = "Its log is worker.log."


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a made-up kernel counts, at 3 to begin with."""
    counts = tmp_path / "vmstat"
    counts.write_text("pgfault 7\noom_kill 3\n")
    monkeypatch.setattr(memory, "COUNTS", counts)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "none")
    monkeypatch.setattr(deaths, "machine_free_bytes", lambda: 8 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"total": 16 * GIB}))
    return counts


def test_what_the_kernel_counted_is_out_of_memory(kernel: Path) -> None:
    watch = Watch(os.getpid())
    kernel.write_text("pgfault 9\noom_kill 4\n")
    found = watch.meaning(-9, LOG)
    assert found.kind == "out-of-memory"
    assert found.message.startswith("the kernel ended the worker because memory ran out (it held ")
    assert "8.59 GB of the machine's memory were free at least" in found.message
    assert "the limit that it met is its container's" in found.message


def test_a_look_between_the_kill_and_the_news_of_it_does_not_hide_it(kernel: Path) -> None:
    moments = iter([0.0, 10.0, 20.0])
    watch = Watch(os.getpid(), clock=lambda: next(moments))
    kernel.write_text("oom_kill 4\n")
    watch.look()
    assert watch.meaning(-9, LOG).kind == "out-of-memory"


def test_a_kill_long_before_is_not_this_one(kernel: Path) -> None:
    moments = iter(range(0, 100, 10))
    watch = Watch(os.getpid(), clock=lambda: next(moments))
    kernel.write_text("oom_kill 4\n")
    for _ in range(3):
        watch.look()
    assert watch.meaning(-9, LOG).kind == "killed"


def test_little_free_memory_makes_it_likely_and_no_more(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "machine_free_bytes", lambda: GIB // 2)
    found = Watch(os.getpid()).meaning(-9, LOG)
    assert found.kind == "out-of-memory" and "most likely" in found.message


@pytest.mark.parametrize(("code", "name"), [(-9, "SIGKILL"), (-15, "SIGTERM"), (-1, "SIGHUP")])
def test_with_memory_to_spare_somebody_ended_it(kernel: Path, code: int, name: str) -> None:
    found = Watch(os.getpid()).meaning(code, LOG)
    assert found.kind == "killed"
    assert f"ended from outside ({name}), and not for want of memory (it held" in found.message


def test_its_group_is_asked_before_the_machine(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOUNT", tmp_path)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    (tmp_path / "cgroup").write_text("4:memory:/a\n0::/b/c\n")
    assert memory_kills() == 3
    for place, count in (("b/c/memory.events", 5), ("memory/a/memory.oom_control", 6)):
        file = tmp_path / place
        file.parent.mkdir(parents=True)
        file.write_text(f"oom 9\noom_kill {count}\n")
    assert memory_kills() == 6
    (tmp_path / "cgroup").write_text("0::/b/c\n")
    assert memory_kills() == 5


@pytest.mark.parametrize(
    "last",
    [
        "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
        "memory allocation of 4194304 bytes failed",
        "libgomp: Thread creation failed: Resource temporarily unavailable",
        "Traceback (most recent call last):\nMemoryError",
    ],
)
@pytest.mark.parametrize("code", [-6, 1])
def test_a_process_that_ended_itself_for_want_of_memory_says_so_in_its_log(
    kernel: Path, tmp_path: Path, last: str, code: int
) -> None:
    log = tmp_path / "worker.log"
    log.write_text(f"loading\n{last}\n")
    found = Watch(os.getpid()).meaning(code, LOG, last_lines(log))
    assert found.kind == "out-of-memory"
    assert any(found.message.endswith(f"since memory ran out: {line.strip()}") for line in last.splitlines())  # fmt: skip
    log.write_text(f"{last}\n" + "and went on\n" * 20)
    assert Watch(os.getpid()).meaning(code, LOG, last_lines(log)).kind == "crash"
    assert last_lines(tmp_path / "none") == []
