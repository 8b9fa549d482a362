"""What this process and this machine have: cores, and the memory that was used."""

from __future__ import annotations

import resource
import sys

import psutil


def physical_cores() -> int:
    """Number of physical cores that this process may use, at least 1."""
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else 0
    physical = psutil.cpu_count(logical=False) or 1
    return min(physical, allowed or physical)


def peak_resident_bytes() -> int:
    """Most memory that this process ever had resident, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
