"""This machine: what is free, what it computes on, and how fast it is by a probe of a second or two.

The probe's result is kept under `$HARNESS_HOME`, by processor and cores.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from harness.engines.process import has_bfloat16, physical_cores
from harness.estimate.facts import Machine
from harness.estimate.machine import free_room
from harness.estimate.pace import Pace, measure_pace
from harness.files import write_json
from harness.runner.machine import describe_machine

MEMORY = "pace.json"
_MIB = 2**20


def this_machine(home: Path, probe: bool) -> Machine:
    """What plans are held against.

    Args:
        home: `$HARNESS_HOME`, whose disk counts.
        probe: measure how fast this machine is where that is not remembered.
    """
    cores = physical_cores()
    name, free = _gpu()
    gpu = bool(free) and _torch_has_cuda()
    return Machine(
        room=free_room(home, free if gpu else 0),
        device="cuda" if gpu else "cpu",
        llama_device="cuda" if free and _llama_has_cuda() else "cpu",
        bfloat16=has_bfloat16(),
        cores=cores,
        device_name=name if gpu else "",
        pace=_pace(home, cores, probe),
    )


def _pace(home: Path, cores: int, probe: bool) -> Pace | None:
    key = f"{describe_machine()['processor']}, {cores} cores"
    try:
        known = json.loads((home / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    try:
        return Pace(**known[key])
    except (KeyError, TypeError):
        pass
    if not probe:
        return None
    pace = measure_pace(cores)
    home.mkdir(parents=True, exist_ok=True)
    write_json(home / MEMORY, {**known, key: asdict(pace)})
    return pace


def _gpu() -> tuple[str, int]:
    """Name and free bytes of the first GPU that `nvidia-smi` names; nothing where there is none."""
    if shutil.which("nvidia-smi") is None:
        return "", 0
    command = ["nvidia-smi", "--query-gpu=name,memory.free", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        name, free = said.stdout.splitlines()[0].rsplit(",", 1)
        return name.strip(), int(free) * _MIB
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return "", 0


def _torch_has_cuda() -> bool:
    """Whether the installed torch is not one for processors only, told without importing it."""
    try:
        return not metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return False


def _llama_has_cuda() -> bool:
    """Whether the installed llama-cpp-python has llama.cpp's CUDA library."""
    try:
        files = metadata.files("llama-cpp-python") or []
    except metadata.PackageNotFoundError:
        return False
    return any("ggml-cuda" in file.name for file in files)
