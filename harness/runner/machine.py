"""What this machine is: part of every summary, since speed means nothing without it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil

from harness.runner.world import package_version
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
    """Processor, cores, memory, system, and GPUs where `nvidia-smi` names some."""
    return {
        "processor": _processor(),
        "cores": physical_cores(),
        "logical_cores": psutil.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "gpus": _gpus(),
    }


def physical_cores() -> int:
    """Cores without hyper-threading."""
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def describe_software() -> dict[str, str]:
    """Versions of everything that has a say in the figures."""
    found = {name: package_version(name) for name in PACKAGES}
    return {"harness": __version__, "python": platform.python_version(), **found}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    return [line.strip() for line in answer.stdout.splitlines() if answer.returncode == 0]
