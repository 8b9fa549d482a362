"""How memory is measured: what is read, and what the system says of caches."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines import bandwidth
from harness.engines.bandwidth import last_level_cache_bytes, measure_memory, read_bandwidth


def write_cache(cpus: Path, cpu: int, index: int, level: int, size: str, shared: str) -> None:
    folder = cpus / f"cpu{cpu}" / "cache" / f"index{index}"
    folder.mkdir(parents=True)
    for name, text in (("level", str(level)), ("size", size), ("shared_cpu_list", shared)):
        (folder / name).write_text(f"{text}\n")


def test_a_last_level_cache_is_counted_once_however_many_cores_share_it(tmp_path: Path) -> None:
    for cpu, shared in ((0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3")):
        write_cache(tmp_path, cpu, 0, 1, "32K", str(cpu))
        write_cache(tmp_path, cpu, 2, 2, "1024K", str(cpu))
        write_cache(tmp_path, cpu, 3, 3, "32M", shared)
    assert last_level_cache_bytes(tmp_path) == 2 * 32 * 2**20


def test_a_core_of_its_own_last_level_is_seen_though_lower_levels_share_its_list(
    tmp_path: Path,
) -> None:
    write_cache(tmp_path, 0, 0, 1, "48K", "0")
    write_cache(tmp_path, 0, 2, 2, "2048K", "0")
    assert last_level_cache_bytes(tmp_path) == 2048 * 2**10


def test_a_system_that_does_not_tell_has_no_known_cache(tmp_path: Path) -> None:
    assert last_level_cache_bytes(tmp_path) == 0
    write_cache(tmp_path, 0, 0, 1, "unknown", "0")
    assert last_level_cache_bytes(tmp_path) == 0


def test_what_is_read_is_much_larger_than_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def read(threads: int, size: int) -> float:
        asked.append((threads, size))
        return 7.0

    monkeypatch.setattr(bandwidth, "last_level_cache_bytes", lambda: 2**29)
    monkeypatch.setattr(bandwidth, "read_bandwidth", read)
    plenty = type("", (), {"available": 2**40})
    monkeypatch.setattr("psutil.virtual_memory", lambda: plenty)
    found = measure_memory(3)
    assert asked == [(3, 4 * 2**29)]
    assert (found.bytes_per_second, found.cache_bytes) == (7.0, 2**29)


def test_memory_is_read_by_every_thread() -> None:
    assert read_bandwidth(2, 2**20) > 0
