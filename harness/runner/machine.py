"""What this machine is: part of every summary, since speed means nothing without it."""

from __future__ import annotations

import platform
import shutil
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
        "gpus": _gpus(),
    }


def describe_software() -> dict[str, str]:
    """Versions of everything that has a say in the figures."""
    found = {name: package_version(name) for name in PACKAGES}
    return {"harness": __version__, "python": platform.python_version(), **found}


def _gpus() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    return [line.strip() for line in answer.stdout.splitlines() if answer.returncode == 0]
