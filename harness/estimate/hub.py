"""What is on the Hub and not here: its size from the Hub's listing, its shape from `config.json`.

Nothing else is fetched. Without a connection, and where the Hub does not give the file (a gated
model), a shape is taken by the model's name.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.estimate.disk import checkpoint_bytes, gguf_bytes
from harness.estimate.facts import Source
from harness.estimate.mixtures import QUANTIZATIONS
from harness.estimate.shape import Shape, read_shape
from harness.estimate.well_known import quantization_named, shape_named
from harness.hub.records import Download
from harness.models.shapes import SHAPES
from harness.plan.steps import Step

ADAPTER_RANK = 16
"""Assumed of an adapter whose configuration cannot be had."""


def on_hub(step: Step, home: Path, may_ask: bool) -> Source:
    """What is known of a `fetch` step's files before they are here.

    Args:
        home: `$HARNESS_HOME`.
        may_ask: whether the Hub may be asked.
    """
    what, repo = step.params["what"], step.params["repo"]
    download, why = _listed(step, home, may_ask)
    config, why_not = _config(what, download) if download is not None else (None, why)
    size = download.total_bytes if download is not None else 0
    to_fetch = download.needed_bytes if download is not None else 0
    if what == "adapter":
        rank = int(config.get("r") or ADAPTER_RANK) if config else ADAPTER_RANK
        note = "" if config else f"taken for rank {ADAPTER_RANK}: {why_not}"
        return Source(bytes=size, to_fetch=to_fetch, rank=rank, note=note)
    quantization = quantization_named(step.params["file"]) if what == "gguf" else ""
    stored = quantization or str((config or {}).get("torch_dtype") or "bfloat16")
    source = Source(None, stored, size, to_fetch)
    if config is not None:
        try:
            return replace(source, shape=read_shape(config))
        except HarnessError as error:
            return replace(source, problem=f"{error.message} {error.hint}")
    name = shape_named(step.params["file"] or repo) or shape_named(repo)
    if name is None:
        mend = "Plan again with a connection, or name a folder that holds its files."
        reason = why_not or "a GGUF's shape is in its file"
        if what == "gguf" and download is not None:
            mend = "It is known once the file is here."
        return replace(source, problem=f"The shape of {repo} is not known: {reason} {mend}")
    shape = read_shape(SHAPES[name])
    note = f"shape of {name}, by the repo's name"
    if download is None:
        size = _usual_bytes(shape, quantization, what)
        note += f", and its usual size. {why}"
        return replace(source, shape=shape, bytes=size, to_fetch=size, note=note)
    return replace(source, shape=shape, note=note)


def _usual_bytes(shape: Shape, quantization: str, what: str) -> int:
    if what == "gguf":
        return gguf_bytes(shape, quantization) if quantization in QUANTIZATIONS else 0
    return checkpoint_bytes(shape, "bfloat16")


def _listed(step: Step, home: Path, may_ask: bool) -> tuple[Download | None, str]:
    """What would have to come from the Hub, or why nobody can say."""
    from harness.hub.client import plan_adapter, plan_file, plan_model

    params = step.params
    if not may_ask or not params["commit"]:
        return None, "The Hub could not be asked."
    try:
        if params["what"] == "gguf":
            return plan_file(params["file"], params["commit"], home), ""
        plan = plan_model if params["what"] == "weights" else plan_adapter
        return plan(params["repo"], params["commit"], home), ""
    except HarnessError as error:
        return None, error.message


def _config(what: str, download: Download) -> tuple[dict[str, Any] | None, str]:
    """The repo's configuration, fetched into the Hub's cache; or why there is none."""
    from harness.hub.client import fetch

    name = "adapter_config.json" if what == "adapter" else "config.json"
    files = tuple(file for file in download.files if file.path == name)
    if not files:
        return None, ""
    try:
        only = replace(download, files=files, missing=(), needed_bytes=0)
        return json.loads((fetch(only) / name).read_text(encoding="utf-8")), ""
    except (HarnessError, OSError, ValueError) as error:
        return None, error.message if isinstance(error, HarnessError) else str(error)
