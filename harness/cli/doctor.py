"""`harness doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Column, Table

from harness.cli.consoles import output_console
from harness.cli.outputs import hand_over_json
from harness.data import DATASETS
from harness.disk import free_disk_bytes
from harness.home import default_home
from harness.models.gguf.llamacpp_source import VARIABLE, installed_place
from harness.quantities import byte_size
from harness.runner.machine import describe_machine
from harness.software import package_version
from harness.starter import MODEL_FOLDER

NEEDED = ("torch", "transformers", "peft", "bitsandbytes", "llama-cpp-python", "rouge-score")
ROOM_BYTES = 2**30
"""Free space below which even the quickstart may not fit."""


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at. `ok` False means that some suites cannot run."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def examine(as_json: bool) -> int:
    """Prints what there is. Returns 0 where the quickstart can run, else 1."""
    findings = list(_findings())
    if as_json:
        hand_over_json([asdict(finding) for finding in findings], indent=2)
    else:
        table = Table("", "", Column(overflow="fold"), show_header=False, box=None, pad_edge=False)
        for finding in findings:
            mark = "ok" if finding.ok else "MISSING"
            remedy = "" if finding.ok else f"\n{finding.remedy}"
            table.add_row(mark, finding.what, f"{finding.found}{remedy}")
        output_console().print(table)
    return 0 if all(finding.ok for finding in findings) else 1


def _findings() -> Iterator[Diagnosis]:
    machine = describe_machine()
    yield Diagnosis("processor", True, f"{machine['processor']}, {machine['cores']} cores")
    yield Diagnosis("memory", True, byte_size(machine["memory_bytes"]))
    gpus = ", ".join(machine["gpus"]) or "none: models run on the processor"
    yield Diagnosis("GPU", True, gpus)
    for name in NEEDED:
        version = package_version(name)
        remedy = f"pip install -c constraints.txt {name}"
        yield Diagnosis(name, version != "missing", version, remedy)
    source = _converter()
    yield Diagnosis(
        "llama.cpp's converter",
        source is not None,
        str(source) if source else "not here yet",
        "python -m harness.models.gguf.llamacpp_source fetches it from the llama-cpp-python sdist (as "
        f"does the first conversion); or set {VARIABLE} to a checkout of llama.cpp.",
    )
    starter = MODEL_FOLDER / "model.safetensors"
    yield Diagnosis("starter model", starter.is_file(), str(MODEL_FOLDER), "Reinstall harness.")
    yield Diagnosis("data sets", True, ", ".join(sorted(DATASETS)))
    yield _room(default_home())


def _converter() -> Path | None:
    if package_version("llama-cpp-python") == "missing":
        return None
    place = Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else installed_place()
    return place if (place / "convert_hf_to_gguf.py").is_file() else None


def _room(home: Path) -> Diagnosis:
    free = free_disk_bytes(home)
    found = f"{home}: {byte_size(free)} free"
    return Diagnosis("artifacts", free >= ROOM_BYTES, found, "Make room, or set HARNESS_HOME.")
