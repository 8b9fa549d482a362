"""What fits: needs against what is free."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.estimate import machine
from harness.estimate.machine import Free, Machine, fits, this_machine
from harness.estimate.need import Memory, held, need, peak


def test_what_an_estimates_error_decides_is_tight() -> None:
    assert [fits(share) for share in (0.84, 1.0, 1.18)] == ["yes", "tight", "no"]


def test_memory_and_device_are_judged_each() -> None:
    free = Free(disk_bytes=1000, resident_bytes=100, device_bytes=10)
    assert free.shortage(Memory(need({"libraries": 10}), need({"weights": 50}))) == 5
    assert free.shortage(Memory(need({"libraries": 10}))) == 0.1


def test_how_fast_this_machine_is_is_measured_once_and_only_where_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"operations_per_second": 1e12, "read_bytes_per_second": 1e10}
    counted: list[int] = []

    def measured(cores: int) -> dict[str, float]:
        counted.append(cores)
        return rates

    monkeypatch.setattr(machine, "measure_rates", measured)

    def found(probe: bool) -> Machine:
        return this_machine(tmp_path / "home", probe)

    assert found(probe=False).free.operations_per_second is None
    assert found(probe=True).free.operations_per_second == 1e12
    assert found(probe=False).free.read_bytes_per_second == 1e10
    assert found(probe=True).free.resident_bytes > 0
    assert len(counted) == 1


@pytest.mark.parametrize(("said", "free"), [("24564 MiB", 24564 * 2**20), ("[N/A]", 0), (None, 0)])
def test_a_gpu_counts_where_its_free_memory_is_told_and_torch_can_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, free: int
) -> None:
    found = [] if said is None else [["NVIDIA A10", said]]
    monkeypatch.setattr(machine, "nvidia_smi", lambda *fields: found)
    monkeypatch.setattr(machine, "_torch_has_cuda", lambda: True)
    made = this_machine(tmp_path, probe=False)
    assert made.free.device_bytes == free
    assert made.device == ("cuda" if free else "cpu")
    assert made.free.device == ("NVIDIA A10" if free else "")


def test_a_step_needs_its_largest_moment_and_not_their_sum() -> None:
    loading = held("cpu", {"libraries": 0}, {"weights": 5, "file": 3})
    running = held("cpu", {"libraries": 0}, {"weights": 5, "cache": 1})
    assert peak(loading, running).resident.total == 8
    assert [part.name for part in need({"weights": 5, "file": 0}).parts] == ["weights"]
