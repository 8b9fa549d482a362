"""What fits: needs against what is free."""

from __future__ import annotations

from pathlib import Path

from harness.estimate.machine import Room, Verdict, free_room, verdict_on_disk, verdict_on_memory
from harness.estimate.memory import Memory
from harness.estimate.need import largest, need


def test_what_an_estimates_error_decides_is_tight() -> None:
    assert Verdict(84, 100).fits == "yes"
    assert Verdict(100, 100).fits == "tight"
    assert Verdict(118, 100).fits == "no"


def test_disk_memory_and_device_are_judged_each() -> None:
    room = Room(disk=1000, resident=100, device=10)
    assert verdict_on_disk(need(files=500), room).fits == "yes"
    on_gpu = Memory(need(libraries=10), need(weights=50))
    assert [one.fits for one in verdict_on_memory(on_gpu, room)] == ["yes", "no"]
    assert len(verdict_on_memory(Memory(need(libraries=10)), room)) == 1


def test_a_folder_that_is_not_there_yet_lies_on_its_parents_disk(tmp_path: Path) -> None:
    found = free_room(tmp_path / "not" / "yet")
    assert found.disk > 0
    assert found.resident > 0


def test_a_step_needs_its_largest_phase_and_not_their_sum() -> None:
    loading, running = need(weights=5, file=3), need(weights=5, cache=1)
    assert largest([loading, running]).total == 8
    assert [part.name for part in need(weights=5, file=0).parts] == ["weights"]
