"""Puts a GGUF file into an Ollama that has just been started, as it documents it (docs/api.md there).

The file goes in under its hash (`/api/blobs`), and a model is made of it (`/api/create`) with what else
cannot be set: Ollama's OpenAI API takes neither a context nor a penalty for repetition, cuts prompts that
are longer than `num_ctx`, and punishes repetition by 1.1 unless a model says otherwise. Texts that are to
be continued it puts through the model's template, which is made to hold nothing but the prompt; a
conversation it needs a template for that it finds by itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx2

from harness.errors import EndpointError
from harness.serving.context import context_of
from harness.serving.spec import ServingSpec

PLAIN = "{{ .Prompt }}"
SECONDS = 600.0
PIECE = 1 << 20


def import_model(spec: ServingSpec, url: str) -> None:
    """Makes the model; nothing where another server is meant.

    Args:
        spec: of the server.
        url: of Ollama, without a path.

    Raises:
        EndpointError: it refuses.
    """
    if spec.server != "ollama":
        return
    file = Path(spec.model)
    with file.open("rb") as stream:
        digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    try:
        with httpx2.Client(base_url=url, timeout=SECONDS, trust_env=False) as client:
            if client.head(f"/api/blobs/{digest}").status_code != 200:
                with file.open("rb") as stream:
                    pieces = iter(lambda: stream.read(PIECE), b"")
                    client.post(f"/api/blobs/{digest}", content=pieces).raise_for_status()
            client.post("/api/create", json=creation(spec, digest)).raise_for_status()
            shown = client.post("/api/show", json={"model": spec.name}).raise_for_status().json()
    except httpx2.HTTPError as error:
        said = error.response.text[:300] if isinstance(error, httpx2.HTTPStatusError) else ""
        raise EndpointError(
            f"Ollama did not take {file.name}: {said or error}", f"Its log is {spec.log}."
        ) from None
    if "num_ctx" not in str(shown.get("parameters", "")):
        raise EndpointError(
            f"Ollama did not take the context of {spec.name}, and would cut long prompts in silence",
            "Use another version of Ollama, or another server.",
        )


def creation(spec: ServingSpec, digest: str) -> dict[str, Any]:
    """The body of `/api/create`."""
    return {
        "model": spec.name,
        "files": {Path(spec.model).name: digest},
        "stream": False,
        **({"template": PLAIN} if spec.api == "completions" else {}),
        "parameters": {
            "num_ctx": context_of(spec),
            "repeat_penalty": 1.0,
            "temperature": 0.0,
            "top_k": 1,
            "seed": 0,
        },
    }
