"""How much memory there is, and how much of a batch fits into it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

SHARE = 0.5
"""Share of the free memory that batches may take; the rest is for what cannot be foreseen."""
GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
STATUS = Path("/proc/self/status")
IN_GROUPS, COUNTS = ("memory.events", "memory.oom_control"), Path("/proc/vmstat")
"""Where the kernel counts what it ended: a control group's of its second version and of its first, and the machine's."""
UNLIMITED = 1 << 60
"""The first version of control groups says a number beyond that where a group has no limit."""


def free_memory_bytes() -> int:
    """Memory of this machine that is free for this process and others like it: no more than is left to the control
    groups that it is in, as containers, batch systems and systemd set them."""
    left = (_left_to(group) for group in own_groups())
    return max(0, min([machine_free_bytes(), *(bytes for bytes in left if bytes is not None)]))


def machine_free_bytes() -> int:
    """Memory of this machine that nobody uses, what the kernel would drop for it included."""
    return int(psutil.virtual_memory().available)


def free_device_bytes(device: Any) -> int:
    """Free memory of a torch device, what torch holds and does not use included; of the processor's what this process
    may still have, by its own limits (`ulimit`), too."""
    if device.type != "cuda":
        return max(0, min(free_memory_bytes(), *_within_limits()))
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def memory_kills() -> int:
    """How many processes the kernel has ended for want of memory: of this one's group of processes, where
    that is counted, or else of the machine; 0 where nothing says so."""
    counted = [group / name for group in own_groups() for name in IN_GROUPS]
    for file in (*counted, COUNTS):
        try:
            lines = file.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def own_groups() -> Iterator[Path]:
    """Folders of the control groups that count this process's memory, of either version of the kernel's, its own before
    those above it. In a container they may be called otherwise than outside: then the topmost alone is there."""
    try:
        rows = [line.split(":", 2) for line in GROUPS.read_text().splitlines()]
    except OSError:
        return
    inside = {row[1]: row[2].lstrip("/") for row in rows if len(row) == 3}
    for controllers, path in inside.items():
        if not controllers or "memory" in controllers.split(","):
            top = MOUNT / "memory" if controllers else MOUNT
            group = top / path
            while group.is_relative_to(top):
                if group.is_dir():
                    yield group
                group = group.parent


def _left_to(group: Path) -> int | None:
    """Bytes that a group may still take, what the kernel would drop for it included; None where it has no limit."""
    for limit, used, dropped in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        most, held = _number(group / limit), _number(group / used)
        if most is not None and held is not None and most < UNLIMITED:
            return most - held + _counted(group / "memory.stat", f"{dropped} ")
    return None


def _within_limits() -> Iterator[int]:
    """Bytes that this process may still have by each of its limits."""
    for limit, held in ((resource.RLIMIT_AS, "VmSize:"), (resource.RLIMIT_DATA, "VmData:")):
        most, _ = resource.getrlimit(limit)
        if most != resource.RLIM_INFINITY:
            yield most - 1024 * _counted(STATUS, held)
    yield UNLIMITED


def _counted(file: Path, name: str) -> int:
    """The first number behind a name that begins a line; 0 where nothing says so."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def _number(file: Path) -> int | None:
    """The number in a file of the kernel's; None where there is none, or "max"."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
