"""Energy from the kernel's counters."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines import energy
from harness.engines.energy import EnergyMeter


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_gpu_joules", lambda: None)


def write(powercap: Path, zone: str, microjoules: int, most: int = 1_000_000_000) -> None:
    folder = powercap / zone
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    for zone in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "dtpm"):
        write(tmp_path, zone, 5_000_000)
    meter = EnergyMeter(tmp_path)
    assert meter.read() == 0.0
    write(tmp_path, "intel-rapl:0", 8_000_000)
    write(tmp_path, "intel-rapl:0:0", 7_000_000)
    write(tmp_path, "intel-rapl:1", 5_500_000)
    assert meter.read() == pytest.approx(3.5)
    write(tmp_path, "intel-rapl:1", 6_500_000)
    assert meter.read() == pytest.approx(4.5)


def test_a_counter_that_began_again_is_counted_on(tmp_path: Path) -> None:
    write(tmp_path, "intel-rapl:0", 999_000_000)
    meter = EnergyMeter(tmp_path)
    write(tmp_path, "intel-rapl:0", 2_000_000)
    assert meter.read() == pytest.approx(3.0)


def test_a_machine_that_does_not_tell_is_not_taken_for_one_that_uses_none(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path).read() is None
    (tmp_path / "intel-rapl:0").mkdir()
    assert EnergyMeter(tmp_path).read() is None


def test_gpus_count_what_they_used_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([1000.0, 1250.0])
    monkeypatch.setattr(energy, "_gpu_joules", lambda: next(told))
    assert EnergyMeter(tmp_path).read() == 250.0
