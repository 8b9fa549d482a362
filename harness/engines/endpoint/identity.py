"""What a server says of itself and of a model: asked before a run, since results are kept by it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.spec import API
from harness.engines.endpoint.transport import Transport, whole
from harness.errors import EndpointError

OF_A_MODEL = ("id", "root", "parent", "owned_by", "max_model_len", "meta", "digest")
"""What is kept of an entry of `/models`: nothing that another request would find changed."""
OF_A_SERVER = ("model_path", "model_alias", "build_info", "chat_template", "version", "total_slots")
"""The same of llama-server's `/props` and of `/version`."""


@dataclass(frozen=True)
class Identity:
    """What a server says.

    Attributes:
        models: that it serves; empty where it does not say.
        facts: of the model that is asked, and of the server.
    """

    models: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def says(self) -> str:
        """A hash of the facts."""
        text = json.dumps(self.facts, sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def serves(self, model: str) -> bool:
        """Whether a model is among those that it names; Ollama's `:latest` may be left out."""
        return not self.models or model in self.models or f"{model}:latest" in self.models


def identify(transport: Transport) -> Identity:
    """Asks a server.

    Raises:
        FailedRequest: it cannot be reached, or does not take the key.
    """
    spec = transport.spec
    parts = urlsplit(spec.url)
    root = f"{parts.scheme}://{parts.netloc}"
    listed = _entries(transport.get(f"{spec.url}/models"), "data")
    names = _names(listed)
    own = next((one for one in listed if one.get("id") in (spec.model, f"{spec.model}:latest")), {})
    facts: dict[str, Any] = {key: own[key] for key in OF_A_MODEL if key in own}
    for path in ("/props", "/version"):
        told = transport.get(f"{root}{path}")
        if isinstance(told, dict):
            facts |= {key: told[key] for key in OF_A_SERVER if key in told}
    tagged = _entries(transport.get(f"{root}/api/tags"), "models")
    digests = {str(one.get("name")): one.get("digest") for one in tagged}
    digest = digests.get(spec.model) or digests.get(f"{spec.model}:latest")
    return Identity(names, facts | ({"digest": digest} if digest else {}))


def find_model(transport: Transport) -> Identity:
    """What a server says that is to serve a model.

    Raises:
        EndpointError: it does not serve it.
        FailedRequest: it cannot be reached, or does not take the key.
    """
    identity = identify(transport)
    if not identity.serves(transport.spec.model):
        names = ", ".join(f"`{name}`" for name in identity.models[:10])
        raise EndpointError(
            f"The server {transport.spec.host} does not serve `{transport.spec.model}`",
            f"It serves {names}.",
        )
    return identity


def names_of(transport: Transport) -> tuple[str, ...]:
    """What a server calls the models that it serves; none where it does not say.

    Raises:
        FailedRequest: it cannot be reached, or does not take the key.
    """
    return _names(_entries(transport.get(f"{transport.spec.url}/models"), "data"))


def _names(listed: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(str(one["id"]) for one in listed if "id" in one)


def api_of(transport: Transport) -> API:
    """Whether a server has the chat API: an empty request is refused there, and unknown elsewhere."""
    try:
        transport.post("/chat/completions", {}, whole)
    except FailedRequest as failed:
        return "completions" if failed.status in (404, 405, 501) else "chat"
    return "chat"


def _entries(found: Any, key: str) -> list[dict[str, Any]]:
    entries = found.get(key) if isinstance(found, dict) else None
    return [one for one in entries or () if isinstance(one, dict)]
