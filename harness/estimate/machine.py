"""This machine: what is free, what it computes on, how fast it is, and whether a need is met."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from harness.disk import free_disk_bytes
from harness.engines.bandwidth import measure_memory
from harness.engines.memory import free_memory_bytes
from harness.engines.process import has_bfloat16, physical_cores
from harness.estimate.need import MIB, Device, Memory
from harness.files import write_json
from harness.runner.gpus import llama_has, visible_of
from harness.runner.machine import describe_machine, nvidia_smi

TIGHT = 0.85
"""Share of what is free from which on a need is called tight: estimates are good to 15%."""
RATES = "pace.json"
"""Under `$HARNESS_HOME`: what the probe measured, by processor and cores."""
SIDE = 1024
"""Of the matrices that the probe multiplies."""
PASSES = 20

Fits = Literal["yes", "tight", "no", "not known"]


@dataclass(frozen=True)
class Free:
    """What this machine has free, and how fast it is."""

    disk_bytes: int
    resident_bytes: int
    device_bytes: int = 0
    device: str = ""
    """The GPU's name; empty where models run on the processor."""
    operations_per_second: float | None = None
    """Floating-point operations, multiplications and additions both, of large products; None where
    nothing was probed."""
    read_bytes_per_second: float | None = None
    """Memory bandwidth."""
    devices: tuple[int, ...] = ()
    """Free bytes of all GPUs, the first among them."""

    def shortage(self, memory: Memory) -> float:
        """The larger of what is needed over what is there, in main memory and on the device."""
        resident = memory.resident.total / max(1, self.resident_bytes)
        if memory.devices > max(1, len(self.devices)):
            return math.inf
        return max(resident, memory.device.total / max(1, self.least_bytes(memory.devices)))

    def least_bytes(self, devices: int) -> int:
        """What the fullest of the first GPUs has free, since a model's parts are alike."""
        return min(self.devices[:devices]) if devices > 1 else self.device_bytes


@dataclass(frozen=True)
class Machine:
    """What plans are held against."""

    free: Free
    device: Device = "cpu"
    """What torch computes on where a suite does not say."""
    llama_device: Device = "cpu"
    """The same of llama.cpp."""
    bfloat16: bool = True
    """Whether the processor multiplies bfloat16 itself."""
    cores: int = 1


def fits(shortage: float) -> Fits:
    """Whether there is room, by what is needed over what is free: tight where the estimate's own error
    decides."""
    return "no" if shortage > 1 / TIGHT else "yes" if shortage <= TIGHT else "tight"


def is_timed(home: Path) -> bool:
    """Whether it is remembered how fast this machine is."""
    return bool(_rates(home, physical_cores(), probe=False))


def this_machine(home: Path, probe: bool) -> Machine:
    """This machine as it is now.

    Args:
        home: `$HARNESS_HOME`, whose disk counts.
        probe: measure how fast this machine is where that is not remembered.
    """
    cores = physical_cores()
    name, each = _gpus()
    found = each[0] if each else 0
    gpu = bool(found) and _torch_has_cuda()
    rates = _rates(home, cores, probe)
    free = Free(
        free_disk_bytes(home),
        free_memory_bytes(),
        found if gpu else 0,
        name if gpu else "",
        rates.get("operations_per_second"),
        rates.get("read_bytes_per_second"),
        each if gpu else (),
    )
    llama = bool(found) and llama_has("ggml-cuda")
    return Machine(free, _device(gpu), _device(llama), has_bfloat16(), cores)


def measure_rates(threads: int) -> dict[str, float]:
    """Multiplies float32 matrices and reads memory for a second or two, without torch.

    The products are numpy's: a lower bound for libraries that know more of the processor, such as
    oneDNN with AVX-512 and bfloat16. The best of many passes counts, with all threads or with one:
    where other programs want the same cores, threads that wait for each other do less than one.
    """
    generator = np.random.default_rng(0)
    left, right = (generator.standard_normal((SIDE, SIDE), np.float32) for _ in range(2))
    best = float("inf")
    for count in {1, threads}:
        with threadpool_limits(count):
            for _ in range(PASSES):
                started = time.perf_counter()
                np.matmul(left, right)
                best = min(best, time.perf_counter() - started)
    reading = measure_memory(threads).bytes_per_second
    return {"operations_per_second": 2.0 * SIDE**3 / best, "read_bytes_per_second": reading}


def _rates(home: Path, cores: int, probe: bool) -> Mapping[str, float]:
    """What was measured here before, or now; nothing where it was not and must not be."""
    key = f"{describe_machine()['processor']}, {cores} cores"
    known: dict[str, dict[str, float]]
    try:
        known = json.loads((home / RATES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if key not in known and probe:
        known[key] = measure_rates(cores)
        home.mkdir(parents=True, exist_ok=True)
        write_json(home / RATES, known, lasting=False)
    return known.get(key, {})


def _device(gpu: bool) -> Device:
    return "cuda" if gpu else "cpu"


def _gpus() -> tuple[str, tuple[int, ...]]:
    """Name of the first GPU that `nvidia-smi` lists, and free bytes of those that a process sees; nothing
    where there is none."""
    listed = [(n, free) for n, free in nvidia_smi("name", "memory.free") if free.endswith(" MiB")]
    each = tuple(
        int(free.removesuffix(" MiB")) * MIB for _, free in listed[: visible_of(len(listed))]
    )
    return (listed[0][0], each) if each else ("", ())


def _torch_has_cuda() -> bool:
    """Whether the installed torch is not one for processors only, told without importing it."""
    try:
        return not metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return False
