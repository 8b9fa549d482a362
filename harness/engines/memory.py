"""How much memory there is, and how much of a batch fits into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

SHARE = 0.5
"""Share of the free memory that batches may take; the rest is for what cannot be foreseen."""
CGROUP = Path("/sys/fs/cgroup")


def free_memory_bytes() -> int:
    """Memory of this machine that is free for this process, by its container's limit too."""
    free = int(psutil.virtual_memory().available)
    limit, used = _number(CGROUP / "memory.max"), _number(CGROUP / "memory.current")
    if limit is None or used is None:
        return free
    return max(0, min(free, limit - used + _unused_file_cache()))


def free_device_bytes(device: Any) -> int:
    """Free memory of a torch device, what torch holds and does not use included."""
    if device.type != "cuda":
        return free_memory_bytes()
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def _unused_file_cache() -> int:
    """Bytes of files that the kernel keeps in the container's memory until they are in the way."""
    try:
        lines = (CGROUP / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _number(file: Path) -> int | None:
    """The number in a file of the kernel's; None where there is none, or "max"."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
