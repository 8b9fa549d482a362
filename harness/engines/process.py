"""What this process and this machine have: cores, and the memory that was used."""

from __future__ import annotations

import resource
import sys

import psutil


def physical_cores() -> int:
    """Number of physical cores, at least 1."""
    return psutil.cpu_count(logical=False) or 1


def peak_resident_bytes() -> int:
    """Most memory that this process ever had resident, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
