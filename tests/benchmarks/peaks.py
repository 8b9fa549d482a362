"""The most memory that this process has taken since it was last asked to forget; the same for us and for peers."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

PROCESS = Path("/proc/self")


def forget_peak() -> None:
    """Lets the peak begin at what the process takes now (proc_pid_clear_refs(5))."""
    (PROCESS / "clear_refs").write_text("5")


def peak_bytes() -> int:
    """Resident bytes at the peak (VmHWM)."""
    lines = (PROCESS / "status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024


def give_back() -> None:
    """What this process has freed goes to others, who take their turn next; only glibc knows how."""
    gc.collect()
    if hasattr(trim := ctypes.CDLL(None), "malloc_trim"):
        trim.malloc_trim(0)
