"""What a model's process is told to open, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.protocol import EngineSpec


@dataclass(frozen=True)
class Template:
    """How a model's chat template is run, or what in its place."""

    file: str = ""
    """In place of the model's own; "" for that."""
    options: Mapping[str, Any] = field(default_factory=dict)
    thinking: bool | None = None
    plain: bool = False
    """Whether none is used."""


@dataclass(frozen=True)
class Opening:
    """A model: either one that is run here, or one that a server runs."""

    engine: EngineSpec | None = None
    endpoint: EndpointSpec | None = None
    tokenizer: str = ""
    """The file or folder of the lineage's; "" of a server."""
    template: Template = field(default_factory=Template)
    permissions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By path: the fields of its `harness.engines.permissions.Permissions`."""

    def to_json(self) -> str:
        """One line. A server's key is not in it, but the name of the variable that holds it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Opening:
        """What `to_json` wrote."""
        data = json.loads(text)
        engine, endpoint = data["engine"], data["endpoint"]
        return cls(
            EngineSpec(**engine) if engine is not None else None,
            EndpointSpec(**endpoint) if endpoint is not None else None,
            data["tokenizer"],
            Template(**data["template"]),
            data["permissions"],
        )
