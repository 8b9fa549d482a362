"""What a lineage begins with: its shape and its bytes, from files, from the suite, from the Hub.

Of what is on the Hub and not here the size comes from its listing, the shape from `config.json`, which
alone is fetched. Without a connection, and where the Hub does not give the file (a gated model), a
shape is taken by the model's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from harness.engines.gguf_file import gguf_info
from harness.errors import HarnessError
from harness.estimate.files import ITEM_BYTES, checkpoint_bytes, gguf_bytes
from harness.estimate.mixtures import QUANTIZATIONS
from harness.estimate.shape import ModelShape, gguf_config, read_shape
from harness.estimate.well_known import quantization_named, shape_named
from harness.hub.records import Download
from harness.models.shapes import SHAPES, configuration
from harness.plan.params import FetchParams, FilesParams, RandomParams
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore

ADAPTER_RANK = 16
"""Assumed of an adapter whose configuration cannot be had."""
_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class Source:
    """A model's or an adapter's files, as far as they are known before they are there."""

    shape: ModelShape | None = None
    stored: str = "bfloat16"
    """Precision of weights; of a GGUF its type."""
    bytes: int = 0
    """Of all its files, here or to be fetched; 0: not known."""
    to_fetch: int = 0
    """Bytes that have yet to come over the network."""
    rank: int = 0
    """Of an adapter."""
    note: str = ""
    """Where this is known from, if it is not the files themselves."""
    problem: str = ""
    """Why there is no shape, and how to mend it."""


def source_of(step: Step, store: ArtifactStore, may_ask: bool) -> Source:
    """What is known of the files that a step stands for that a lineage begins with.

    Args:
        store: where fetched and drawn models are found.
        may_ask: whether the Hub may be asked for a listing and a `config.json`.
    """
    try:
        if step.kind == "random":
            drawn = step.given(RandomParams)
            return Source(read_shape(configuration(drawn.architecture, drawn.changed)))
        if step.kind == "fetch" and store.manifest(step) is None:
            return _on_hub(step, store.home, may_ask)
        return _here(store.file(step), step.given(FilesParams).what)
    except (HarnessError, OSError, ValueError, SafetensorError) as error:
        return Source(problem=_words(error))


def _here(path: Path, what: str) -> Source:
    if what == "gguf":
        info = gguf_info(path)
        # Of what is quantized the type's name does not matter, since the file is there.
        plain = {0: "F32", 1: "F16"}
        kind = plain.get(int(info.metadata.get("general.file_type", 1)), "Q4_K_M")
        return Source(read_shape(gguf_config(info)), kind, info.file_bytes)
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    if what == "adapter":
        return Source(bytes=size, rank=_rank(_json(path / "adapter_config.json")))
    config = _json(path / "config.json")
    files = sorted(path.glob("*.safetensors"))
    return Source(
        read_shape(config), _stored(files[0]) if files else _dtype(config, "float32"), size
    )


def _stored(file: Path) -> str:
    """The precision of a safetensors file's first matrix, from its header."""
    with safe_open(file, framework="np") as opened:
        slices = [opened.get_slice(name) for name in opened.keys()]  # noqa: SIM118
        kinds = [one.get_dtype() for one in slices if len(one.get_shape()) > 1]
    return _DTYPES.get((kinds or ["F32"])[0], "float32")


def _on_hub(step: Step, home: Path, may_ask: bool) -> Source:
    """What is known of a `fetch` step's files before they are here."""
    params = step.given(FetchParams)
    what, repo, file = params.what, params.repo, params.file
    download, config, why = None, None, "The Hub could not be asked."
    if may_ask and params.commit:
        try:
            download, why = _listed(what, file or repo, params.commit, home), ""
            config = _config(download, what)
        except (HarnessError, OSError, ValueError) as error:
            why = error.message if isinstance(error, HarnessError) else str(error)
    source = Source()
    if download is not None:
        source = Source(bytes=download.total_bytes, to_fetch=download.needed_bytes)
    if what == "adapter":
        note = f"taken for rank {ADAPTER_RANK}: {why}" if config is None else ""
        return replace(source, rank=_rank(config or {}), note=note)
    kind = quantization_named(file) if what == "gguf" else ""
    source = replace(source, stored=kind or _dtype(config or {}, "bfloat16"))
    if config is not None:
        try:
            return replace(source, shape=read_shape(config))
        except HarnessError as error:
            return replace(source, problem=_words(error))
    name = shape_named(file or repo) or shape_named(repo)
    if name is None:
        mend = "Plan again with a connection, or name a folder that holds its files."
        if what == "gguf" and download is not None:
            mend = "It is known once the file is here."
        reason = why or "a GGUF's shape is in its file"
        return replace(source, problem=f"The shape of {repo} is not known: {reason} {mend}")
    shape, note = read_shape(SHAPES[name]), f"shape of {name}, by the repo's name"
    if download is None:
        if what == "gguf" and kind not in QUANTIZATIONS:
            return replace(source, problem=f"The size of {file} is not known: {why}")
        size = gguf_bytes(shape, kind) if what == "gguf" else checkpoint_bytes(shape)
        source = replace(source, bytes=size, to_fetch=size)
        note += f", and its usual size. {why}"
    return replace(source, shape=shape, note=note)


def _listed(what: str, name: str, commit: str, home: Path) -> Download:
    from harness.hub.client import plan_adapter, plan_file, plan_model

    if what == "gguf":
        return plan_file(name, commit, home)
    return (plan_model if what == "weights" else plan_adapter)(name, commit, home)


def _config(download: Download, what: str) -> dict[str, Any] | None:
    """The repo's configuration, fetched into the Hub's cache; None where it has none."""
    from harness.hub.client import fetch

    name = "adapter_config.json" if what == "adapter" else "config.json"
    files = tuple(file for file in download.files if file.path == name)
    if not files:
        return None
    only = replace(download, files=files, missing=(), needed_bytes=0)
    return _json(fetch(only) / name)


def _json(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _rank(adapter_config: dict[str, Any]) -> int:
    return int(adapter_config.get("r") or ADAPTER_RANK)


def _dtype(config: dict[str, Any], default: str) -> str:
    named = str(config.get("dtype") or config.get("torch_dtype"))
    return named if named in ITEM_BYTES else default


def _words(error: Exception) -> str:
    if isinstance(error, HarnessError):
        return f"{error.message} {error.hint}".strip()
    return f"{type(error).__name__}: {error}"
