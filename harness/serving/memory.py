"""What a server's process has taken up."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil


def resident_bytes(process: psutil.Process) -> int:
    """Most memory that a process ever had resident; what it has now where the system does not say; 0
    where it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
