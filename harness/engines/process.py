"""What this process and this machine have: cores, and the memory that was used."""

from __future__ import annotations

import resource
import sys
from functools import cache
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def physical_cores() -> int:
    """Number of physical cores that this process may use, at least 1."""
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else 0
    physical = psutil.cpu_count(logical=False) or 1
    return min(physical, allowed or physical)


@cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX512-BF16, AMX, Arm's BF16).

    Elsewhere bfloat16 is widened for each product and slower than float32.
    """
    try:
        text = CPU_INFO.read_text()
    except OSError:
        return False
    flags = {
        flag
        for line in text.splitlines()
        if line.lower().startswith(("flags", "features"))
        for flag in line.split(":", 1)[1].split()
    }
    return not flags.isdisjoint(BFLOAT16_FLAGS)


def peak_resident_bytes() -> int:
    """Most memory that this process ever had resident, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
