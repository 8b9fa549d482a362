"""GPUs of this machine, counted without loading what computes on them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from harness.errors import InputError
from harness.plan.steps import Step
from harness.quantities import plural
from harness.runner.machine import nvidia_smi

VISIBLE = "CUDA_VISIBLE_DEVICES"
COMPILED = (".so", ".dll", ".dylib")
GPU_LIBRARIES = ("ggml-cuda", "ggml-hip", "ggml-vulkan", "ggml-sycl", "ggml-metal")


def seen_gpus() -> int | None:
    """GPUs that a process of this machine sees; None where only a library that computes could tell."""
    there = len(nvidia_smi("name"))
    return visible_of(there) if there else None if _may_compute_on_gpus() else 0


def visible_of(there: int) -> int:
    """Of so many GPUs of a machine those that `CUDA_VISIBLE_DEVICES` shows to a process."""
    named = os.environ.get(VISIBLE)
    if named is None:
        return there
    return min(there, sum(one.strip() not in ("", "-1") for one in named.split(",")))


def refuse_without_gpus(steps: Iterable[Step]) -> None:
    """Raises InputError where a model is to be laid over more GPUs than this machine has."""
    wanted = {step.label: step.params.gpus for step in steps if step.params.gpus}
    seen = seen_gpus() if wanted else None
    lacking = {label: count for label, count in wanted.items() if seen is not None and count > seen}
    if lacking:
        label, count = max(lacking.items(), key=lambda one: one[1])
        others = f" ({plural(len(lacking) - 1, 'other step')} too)" if len(lacking) > 1 else ""
        raise InputError(
            f"{label}: its model is to be laid over {plural(count, 'GPU')}, and this machine has "
            f"{seen or 'none'}{others}.",
            "Say less under `engine` (`devices`, `max_memory`, `tensor_split`) or `serve` (`tensor_parallel`, "
            "`pipeline_parallel`), or run it on a cluster that has them: `--executor ray --address …`.",
        )


def _may_compute_on_gpus() -> bool:
    """Whether torch or llama.cpp is a build for GPUs that `nvidia-smi` does not list."""
    try:
        torch = not metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        torch = False
    return torch or llama_has(*GPU_LIBRARIES)


def llama_has(*libraries: str) -> bool:
    """Whether the installed llama-cpp-python has one of these libraries of llama.cpp; headers, which it
    always has, are none."""
    try:
        files = [Path(file.name) for file in metadata.files("llama-cpp-python") or []]
    except metadata.PackageNotFoundError:
        return False
    stems = {file.stem.removeprefix("lib") for file in files if file.suffix in COMPILED}
    return not stems.isdisjoint(libraries)
