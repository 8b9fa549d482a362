"""What a model's process is told to open, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

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
    made: tuple[str, ...] = ()
    """Folders of the artifacts that it is, whose files are held against their hashes first."""

    def to_json(self) -> str:
        """One line. A server's key is not in it, but the name of the variable that holds it."""
        return _AS_JSON.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Opening:
        """What `to_json` wrote."""
        return _AS_JSON.validate_json(text)


_AS_JSON = TypeAdapter(Opening)
