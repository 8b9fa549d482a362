"""How servers are started and asked, from a suite's words to what steps are given."""

from __future__ import annotations

from typing import Any

from harness.plan.cell_params import Connection, Serving, Spend, Starting
from harness.plan.resolved import FoundServer, Resolved
from harness.plan.spending import spend_of
from harness.suite.reader import Suite
from harness.suite.schema import Endpoint, Serve


def asked_how(name: str, suite: Suite, resolved: Resolved) -> dict[str, Any]:
    """How a model's server is started and asked, by the fields of a `ModelPlan`; nothing of one that is
    run in process."""
    spec = suite.spec.models[name]
    if spec.endpoint is not None:
        found, spend = resolved.endpoints[name], spend_of(suite, name)
        return {"connection": connection_of(spec.endpoint, spend, found.authorities)}
    if spec.serve is None:
        return {}
    server = resolved.servers[name]
    return {
        "serving": serving_of(spec.serve, server),
        "starting": starting_of(spec.serve, server),
        "connection": connection_of(spec.serve),
    }


def connection_of(
    given: Endpoint | Serve, spend: Spend | None = None, authorities: str = ""
) -> Connection:
    """How a server is asked, what that costs, and whose certificates are trusted beside the system's."""
    how = given.model_dump(include={"concurrency", "timeout", "retries", "patience"})
    key = (given.key or "") if isinstance(given, Endpoint) else ""
    trusted = {"authorities": authorities} if authorities else {}
    return Connection(key=key, spend=spend, **how, **trusted)


def serving_of(given: Serve, found: FoundServer) -> Serving:
    """A server that is started, as far as answers may depend on it."""
    more: dict[str, Any] = {
        "command": given.command or "",
        "model": given.model or "",
        "arguments": tuple(map(str, given.arguments)),
        "environment": {name: str(value) for name, value in given.environment.items()},
        "version": found.version,
        "tensor_parallel": given.tensor_parallel,
        "pipeline_parallel": given.pipeline_parallel,
        "scoring": "" if given.scoring == "auto" else given.scoring,
    }
    kept = {key: value for key, value in more.items() if value}
    return Serving(server=given.name, api=given.api, **kept)


def starting_of(given: Serve, found: FoundServer) -> Starting:
    """Where it is found, and how it is started."""
    first, last = given.port_range
    return Starting(
        ready=given.ready or "",
        base=given.base if given.base is not None else "/v1",
        python=found.python,
        executable=found.executable,
        folder=found.folder,
        first_port=first,
        last_port=last,
        start_timeout=given.start_timeout,
    )
