"""How fast memory can be read: the roof over decoding, which reads every weight for each token.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for multicore
architectures", CACM 52 (2009). As in STREAM (McCalpin 1995) the best of several passes over memory
much larger than the last-level cache counts: what slowed the others is not the memory.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from harness.engines.timing import MemorySpeed

LEAST_BYTES = 256 * 2**20
TIMES_THE_CACHE = 4
PASSES = 12
CPUS = Path("/sys/devices/system/cpu")


def measure_memory(threads: int) -> MemorySpeed:
    """Reads memory by so many threads at once."""
    cache = last_level_cache_bytes()
    size = min(max(LEAST_BYTES, TIMES_THE_CACHE * cache), psutil.virtual_memory().available // 4)
    return MemorySpeed(read_bandwidth(threads, size), cache)


def read_bandwidth(threads: int, size: int) -> float:
    """Bytes per second that so many threads read together out of `size` bytes."""
    # The largest of 32-bit integers is the reduction of numpy that keeps up best with the memory;
    # it gives up the interpreter's lock while it runs.
    each = size // threads // np.dtype(np.int32).itemsize
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda _: np.ones(each, np.int32), range(threads)))
        for _ in range(PASSES):
            started = time.perf_counter()
            list(pool.map(np.max, parts))
            best = max(best, sum(part.nbytes for part in parts) / (time.perf_counter() - started))
    return best


def last_level_cache_bytes(cpus: Path = CPUS) -> int:
    """All last-level caches of this machine together; 0 where the system does not tell."""
    found: dict[str, tuple[int, int]] = {}
    for index in cpus.glob("cpu[0-9]*/cache/index[0-9]*"):
        try:
            level = int((index / "level").read_text())
            shared = (index / "shared_cpu_list").read_text().strip()
            size = _bytes((index / "size").read_text().strip())
        except (OSError, ValueError):
            continue
        found[shared] = max(found.get(shared, (0, 0)), (level, size))
    last = max((level for level, _ in found.values()), default=0)
    return sum(size for level, size in found.values() if level == last)


def _bytes(text: str) -> int:
    """The system's "32768K" in bytes."""
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    return int(text.rstrip("KMG")) * units.get(text[-1:], 1)
