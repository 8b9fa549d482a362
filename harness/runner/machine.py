"""What this machine is: part of every summary, since speed means nothing without it."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
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
    """Versions of everything that has a say in the figures, and the commit where harness runs from a checkout."""
    found = {name: package_version(name) for name in PACKAGES}
    commit = checked_out(Path(__file__).parents[2])
    versions = {"harness": __version__, "python": platform.python_version(), **found}
    return versions | ({"commit": commit} if commit else {})


def checked_out(folder: Path) -> str:
    """The commit of a Git checkout, shortened, with "+" where files differ from it; "" where it is none."""
    if not (folder / ".git").exists():
        return ""
    command = [
        "git",
        "-C",
        str(folder),
        "describe",
        "--always",
        "--abbrev=7",
        "--exclude=*",
        "--dirty=+",
    ]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


def nvidia_smi(*fields: str) -> list[list[str]]:
    """What `nvidia-smi` says of each GPU, field by field, with units; nothing where it does not answer."""
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.split(", ") for line in said.stdout.splitlines() if line.strip()]
