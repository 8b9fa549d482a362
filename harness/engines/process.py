"""What this process and this machine have: cores, and the memory that was used."""

from __future__ import annotations

import os
import resource
import sys
from functools import cache
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")
PROCESSES = Path("/proc")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
BFLOAT16_ISAS = ("BF16", "FP16", "AMX", "AVX10", "ALL", "DEFAULT")
"""What stands in oneDNN's names of instruction sets that have it."""


def physical_cores() -> int:
    """Number of physical cores that this process may use, at least 1."""
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else 0
    physical = psutil.cpu_count(logical=False) or 1
    return min(physical, allowed or physical)


@cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX512-BF16, AMX, Arm's BF16).

    Elsewhere bfloat16 is widened for each product and slower than float32; so it is where oneDNN is
    held to older instructions (`ONEDNN_MAX_CPU_ISA`), by a factor of 50.
    """
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    older = bool(held) and not any(name in held for name in BFLOAT16_ISAS)
    return not older and not cpu_flags().isdisjoint(BFLOAT16_FLAGS)


def cpu_flags() -> set[str]:
    """What instructions this processor has, as Linux names them; empty where nothing says so."""
    return {flag for key in ("flags", "features") for flag in _cpu_info(key).split()}


def cpu_name() -> str:
    """The model of this processor, as it calls itself; empty where nothing says so."""
    return _cpu_info("model name")


def cpu_vendor() -> str:
    """Who made this processor: "AuthenticAMD", "GenuineIntel"; empty where nothing says so."""
    return _cpu_info("vendor_id")


def _cpu_info(key: str) -> str:
    """The first value of a key of /proc/cpuinfo."""
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip().lower() == key), "")


def peak_resident_bytes(pid: int | None = None) -> int:
    """Most memory that this process, or another that runs, ever had resident, in bytes; of another 0 where
    nothing says so.

    Linux's getrusage would not do: a program begins there with the peak of the process that started it.
    """
    try:
        lines = (PROCESSES / str(pid or "self") / "status").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    if pid is not None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
