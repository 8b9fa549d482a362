"""How much memory is free: by the machine, by control groups of either version, and by a process's own limits."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from harness.engines import memory
from harness.engines.memory import free_device_bytes, free_memory_bytes

GIB = 1 << 30


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where control groups are mounted, on a machine of which 8 GiB are free."""
    monkeypatch.setattr(memory, "machine_free_bytes", lambda: 8 * GIB)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "MOUNT", tmp_path / "mount")
    return tmp_path / "mount"


def put(folder: Path, **files: object) -> None:
    """A group with these files; `__` stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_without_groups_the_machine_s_memory_is_free(groups: Path) -> None:
    assert free_memory_bytes() == 8 * GIB


def test_the_tightest_group_above_a_process_counts(groups: Path) -> None:
    memory.GROUPS.write_text("0::/slice/job/step\n")
    put(groups / "slice/job/step", memory__max="max", memory__current=GIB)
    put(groups / "slice/job", memory__max=4 * GIB, memory__current=GIB)
    put(groups / "slice", memory__max=6 * GIB, memory__current=GIB)
    assert free_memory_bytes() == 3 * GIB
    put(groups / "slice/job", memory__stat=f"anon 7\ninactive_file {GIB // 2}")
    assert free_memory_bytes() == 3 * GIB + GIB // 2


def test_a_container_whose_group_is_called_otherwise_outside_has_the_topmost(groups: Path) -> None:
    memory.GROUPS.write_text("7:pids:/docker/1f\n4:cpu,memory:/docker/1f\n0::/\n")
    put(groups / "memory", memory__limit_in_bytes=2 * GIB, memory__usage_in_bytes=GIB)
    assert free_memory_bytes() == GIB
    put(groups / "memory", memory__stat=f"inactive_file 1\ntotal_inactive_file {GIB // 4}")
    assert free_memory_bytes() == GIB + GIB // 4


def test_the_first_version_s_number_for_no_limit_is_none(groups: Path) -> None:
    memory.GROUPS.write_text("4:memory:/a\n")
    put(groups / "memory/a", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=GIB)
    assert free_memory_bytes() == 8 * GIB


def test_a_group_beyond_its_limit_has_nothing_free(groups: Path) -> None:
    memory.GROUPS.write_text("0::/a\n")
    put(groups / "a", memory__max=GIB, memory__current=2 * GIB)
    assert free_memory_bytes() == 0


@pytest.mark.parametrize(("limit", "left"), [("RLIMIT_AS", 1), ("RLIMIT_DATA", 2)])
def test_a_process_s_own_limit_counts_for_its_batches(
    groups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, left: int
) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nVmSize:\t{2 * GIB // 1024} kB\nVmData:\t{GIB // 1024} kB\n")
    monkeypatch.setattr(memory, "STATUS", status)
    wanted, infinite = getattr(resource, limit), resource.RLIM_INFINITY
    monkeypatch.setattr(
        resource,
        "getrlimit",
        lambda which: (3 * GIB if which == wanted else infinite, infinite),
    )
    assert free_device_bytes(torch.device("cpu")) == left * GIB
    assert free_memory_bytes() == 8 * GIB, "the limit is this process's alone"
