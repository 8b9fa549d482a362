"""What a lineage begins with: its shape and its bytes, from files, from the suite, from the Hub."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from harness.engines.gguf_file import gguf_info
from harness.errors import HarnessError
from harness.estimate.facts import Source
from harness.estimate.gguf_shape import gguf_config
from harness.estimate.hub import on_hub
from harness.estimate.shape import read_shape
from harness.models.shapes import configuration
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def source_of(step: Step, store: ArtifactStore, may_ask: bool = True) -> Source:
    """What is known of the files that a `source`, `fetch` or `random` step stands for.

    Args:
        store: where fetched and drawn models are found.
        may_ask: whether the Hub may be asked for a listing and a `config.json`.
    """
    try:
        if step.kind == "random":
            config = configuration(step.params["architecture"], step.params["changed"])
            return Source(read_shape(config))
        if step.kind == "fetch" and store.manifest(step) is None:
            return on_hub(step, store.home, may_ask)
        path = store.file(step)
        match step.params["what"]:
            case "weights":
                return _folder(path)
            case "adapter":
                return adapter_in(path)
        info = gguf_info(path)
        size = info.file_bytes
        return Source(read_shape(gguf_config(info)), _type_of(info.metadata), size)
    except (HarnessError, OSError, ValueError) as error:
        return Source(problem=_words(error))


def _folder(path: Path) -> Source:
    files = sorted(path.glob("*.safetensors"))
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    stored = _stored(files[0]) if files else str(config.get("torch_dtype") or "float32")
    return Source(read_shape(config), stored, size)


def adapter_in(path: Path) -> Source:
    """An adapter's rank and bytes."""
    config = json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return Source(bytes=size, rank=int(config.get("r") or 16))


def _stored(file: Path) -> str:
    """The precision of a safetensors file's first matrix, from its header."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    kinds = [entry["dtype"] for name, entry in header.items() if name != "__metadata__"]
    matrices = [entry["dtype"] for entry in header.values() if len(entry.get("shape", ())) > 1]
    return _DTYPES.get((matrices or kinds)[0], "float32")


def _type_of(metadata: dict[str, Any]) -> str:
    """F32 or F16 where the file says so; of what is quantized the name does not matter."""
    return {0: "F32", 1: "F16"}.get(int(metadata.get("general.file_type", 1)), "Q4_K_M")


def _words(error: Exception) -> str:
    if isinstance(error, HarnessError):
        return f"{error.message} {error.hint}".strip()
    return f"{type(error).__name__}: {error}"
