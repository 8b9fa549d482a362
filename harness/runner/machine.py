"""What this machine is: part of every summary, since speed means nothing without it."""

from __future__ import annotations

import platform
import subprocess
from typing import Any

import psutil

from harness.engines.process import cpu_name, physical_cores
from harness.software import package_version
from harness.version import __version__

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "llama-cpp-python",
    "rouge-score",
    "scikit-learn",
    "scipy",
    "numpy",
)


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system, and GPUs where `nvidia-smi` names some.

    Cores are the physical ones that this process, and so its workers, may use.
    """
    return {
        "processor": cpu_name() or platform.processor() or platform.machine(),
        "cores": physical_cores(),
        "logical_cores": psutil.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "gpus": [", ".join(gpu) for gpu in nvidia_smi("name", "memory.total")],
    }


def describe_software() -> dict[str, str]:
    """Versions of everything that has a say in the figures."""
    found = {name: package_version(name) for name in PACKAGES}
    return {"harness": __version__, "python": platform.python_version(), **found}


def nvidia_smi(*fields: str) -> list[list[str]]:
    """What `nvidia-smi` says of each GPU, field by field, with units; nothing where it does not answer."""
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.split(", ") for line in said.stdout.splitlines() if line.strip()]
