"""Which files an engine opens: from the inputs of a step to an `EngineSpec`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.engines.endpoint.places import ledger_file
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.spending import Purse
from harness.engines.protocol import EngineSpec
from harness.engines.spread import Spread
from harness.money import Prices
from harness.plan.cell_params import CellParams, Connection, LoadOptions, Served, Spend
from harness.quantities import bytes_of
from harness.runner.cells.work import Means
from harness.runner.jobs import StepJob
from harness.runner.threads import threads_for
from harness.serving.spec import ServingSpec
from harness.suite.schema.spreading import Spreading

SPREAD = set(Spreading.model_fields)


def endpoint_spec(params: CellParams, home: Path) -> EndpointSpec | None:
    """Where a cell's model is asked; None of one that is run here."""
    if params.endpoint is None or params.connection is None:
        return None
    return served_spec(params.endpoint, params.connection, home)


def served_spec(served: Served, connection: Connection, home: Path) -> EndpointSpec:
    """Where a served model is asked, how, and what it costs; the harness's `home` holds the ledger."""
    return EndpointSpec(
        url=served.url,
        model=served.model,
        api=served.api,
        scoring=served.scoring,
        purse=_purse(connection.spend, home),
        **connection.model_dump(exclude={"spend"}),
    )


def _purse(spend: Spend | None, home: Path) -> Purse | None:
    if spend is None:
        return None
    cached = None if spend.cached_input is None else Decimal(spend.cached_input)
    return Purse(
        Prices(Decimal(spend.input), Decimal(spend.output), spend.currency, cached),
        spend.model,
        ledger_file(home, spend.account),
        {whose: Decimal(limit) for whose, limit in spend.limits.items()},
    )


def serving_spec(job: StepJob, means: Means) -> ServingSpec | None:
    """The server that is started for a cell's model; None where it is run in process or elsewhere."""
    params, inputs, name = job.step.given(CellParams), job.inputs, job.step.model
    serving, starting, connection = params.serving, params.starting, params.connection
    if serving is None or starting is None or connection is None:
        return None
    options, place = params.options, inputs.get("gguf") or inputs["weights"]
    asked = serving.model_dump(exclude={"version", "model"})
    how = connection.model_dump(exclude={"key", "spend", "authorities"})
    return ServingSpec(
        model=place,
        name=serving.model if serving.server == "command" else name,
        log=str(means.results.folder / "logs" / f"serve-{name}.log"),
        context=options.context,
        threads=options.threads or threads_for(Path(place), means.threads),
        dtype=options.dtype,
        device=options.device,
        spread=spread_of(options),
        **{**asked, "arguments": serving.arguments},
        **starting.model_dump(),
        **how,
    )


def spread_of(options: LoadOptions) -> Spread:
    """How a model is laid over several devices, in an engine's words."""
    said = options.spread
    room = {place: bytes_of(size) for place, size in said.pop("max_memory", {}).items()}
    return Spread(**said, max_memory=room)


def engine_spec(
    prefix: str, inputs: Mapping[str, str], options: LoadOptions, threads: int, halvings: int = 0
) -> EngineSpec:
    """The spec of a model, or with `prefix` "reference." of the one it is held against.

    Args:
        inputs: files by role.
        options: as the plan has them.
        threads: what the worker may take; a small model takes one, unless `options` say more.
        halvings: of batches, before they are run.
    """
    files: dict[str, Any] = {
        role: inputs.get(prefix + role) for role in ("weights", "adapter", "gguf")
    }
    spec = EngineSpec(**files, **options.model_dump(exclude=SPREAD), spread=spread_of(options))
    weights = Path(spec.weights or spec.gguf or "")
    return replace(spec, threads=spec.threads or threads_for(weights, threads), halvings=halvings)
