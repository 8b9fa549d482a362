"""What a server says of a model that it serves: asked when something is run, remembered otherwise.

Results are kept by it, so that another model under the same name is asked anew. Where the server is
not there, what it last said holds: what was answered then need not be asked again, and a report can be
written.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from harness.errors import EndpointError
from harness.files import write_json
from harness.plan.resolved import FoundEndpoint
from harness.suite.lineage import resolve
from harness.suite.schema import Endpoint

LOOK_SECONDS = 10.0
"""A server that has not said what it is by then is taken as it was."""


def found_endpoint(given: Endpoint, home: Path, folder: Path, may_ask: bool) -> FoundEndpoint:
    """What a server says.

    Args:
        given: by the suite.
        folder: what its relative paths start from.
        home: where it is remembered.
        may_ask: whether it may be asked; a plan goes without.
    """
    name = hashlib.sha256(json.dumps([given.url, given.model]).encode()).hexdigest()
    memory = home / "endpoints" / f"{name}.json"
    authorities = ""
    if given.authorities is not None:
        authorities = resolve(given.authorities, folder).read_text(encoding="ascii")
    said = _asked(given, authorities) if may_ask else None
    if said is not None:
        write_json(memory, asdict(said))
    else:
        said = _remembered(memory)
    api = said.api if given.api == "auto" else given.api
    return FoundEndpoint(api, said.says, authorities)


def _asked(given: Endpoint, authorities: str) -> FoundEndpoint | None:
    from harness.engines.endpoint.failures import FailedRequest
    from harness.engines.endpoint.identity import api_of, identify
    from harness.engines.endpoint.spec import EndpointSpec
    from harness.engines.endpoint.transport import Transport

    seconds = min(LOOK_SECONDS, given.timeout)
    spec = EndpointSpec(
        given.url,
        given.model,
        given.key or "",
        timeout=seconds,
        retries=0,
        patience=0.0,
        authorities=authorities,
    )
    try:
        transport = Transport(spec)
    except EndpointError:
        return None
    try:
        says = identify(transport).says
        api: Literal["chat", "completions"] = api_of(transport)
    except (FailedRequest, EndpointError):
        return None
    finally:
        transport.close()
    return FoundEndpoint(api, says)


def _remembered(memory: Path) -> FoundEndpoint:
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
        return FoundEndpoint(**found)
    except (OSError, ValueError, TypeError):
        return FoundEndpoint("chat", "")
