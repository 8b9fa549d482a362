"""Which files an engine opens: from the inputs of a step to an `EngineSpec`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.protocol import EngineSpec
from harness.plan.cell_params import CellParams, Connection, LoadOptions, Served
from harness.runner.threads import threads_for


def endpoint_spec(params: CellParams) -> EndpointSpec | None:
    """Where a cell's model is asked; None of one that is run here."""
    if params.endpoint is None or params.connection is None:
        return None
    return served_spec(params.endpoint, params.connection)


def served_spec(served: Served, connection: Connection) -> EndpointSpec:
    """Where a served model is asked, and how."""
    how = connection.model_dump()
    return EndpointSpec(url=served.url, model=served.model, api=served.api, **how)


def engine_spec(
    prefix: str, inputs: Mapping[str, str], options: LoadOptions, threads: int
) -> EngineSpec:
    """The spec of a model, or with `prefix` "reference." of the one it is held against.

    Args:
        inputs: files by role.
        options: as the plan has them.
        threads: what the worker may take; a small model takes one, unless `options` say more.
    """
    files: dict[str, Any] = {
        role: inputs.get(prefix + role) for role in ("weights", "adapter", "gguf")
    }
    spec = EngineSpec(**files, **options.model_dump())
    weights = Path(spec.weights or spec.gguf or "")
    return replace(spec, threads=spec.threads or threads_for(weights, threads))
