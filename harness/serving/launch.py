"""What is started for a spec at a port: a command line, its environment, and where it says that it is ready."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.engines.process import has_bfloat16
from harness.engines.spread import SPLIT_MODES, split_of
from harness.serving.context import context_of
from harness.serving.installed import Installed, installed
from harness.serving.ports import HOST
from harness.serving.spec import ServerName, ServingSpec

KEY_VARIABLE = "HARNESS_SERVER_KEY"
"""Holds the key that a server of the harness's own asks for, in its environment alone."""
F16, F32 = "1", "0"
"""Types of llama.cpp's cache by their numbers in ggml."""


@dataclass(frozen=True)
class Launch:
    """One start of a server.

    Attributes:
        command: without a key in it, since everybody sees command lines.
        ready: path of what answers with 200 once the model can be asked.
        environment: beside this process's own.
    """

    command: tuple[str, ...]
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class At:
    """Where a server is to listen, on this machine alone, and the key that it is to ask for if it can."""

    port: int
    key: str


def launch_of(spec: ServingSpec, at: At) -> Launch:
    """How a server is started.

    Raises:
        MissingToolError: it is not installed.
    """
    found = installed(
        spec.server, spec.python, spec.executable, spec.command, Path(spec.folder or ".")
    )
    made = _LAUNCHES[spec.server](spec, found, at)
    own = {"HF_HUB_OFFLINE": "1", "PYTHONSAFEPATH": "1", KEY_VARIABLE: at.key}
    if spec.threads:
        own["OMP_NUM_THREADS"] = str(spec.threads)
    environment = {**own, **made.environment, **spec.environment}
    command = (*made.command, *spec.arguments)
    return Launch(command, spec.ready or made.ready, environment)


def new_key() -> str:
    """A key that nobody knows but a server and who started it."""
    return secrets.token_urlsafe(24)


def dtype_of(spec: ServingSpec) -> str:
    """What weights are computed in: on a processor as the harness's own engine does it."""
    if spec.dtype != "auto":
        return spec.dtype
    on_gpu = spec.device not in ("auto", "cpu")
    return "bfloat16" if on_gpu or has_bfloat16() else "float32"


def _llama_cpp(spec: ServingSpec, found: Installed, at: At) -> Launch:
    if found.executable:
        return _llama_server(spec, found, at)
    threads = ("--n_threads", str(spec.threads), "--n_threads_batch", str(spec.threads))
    command = (
        found.python, "-m", "llama_cpp.server", "--model", spec.model, "--model_alias", spec.name,
        "--host", HOST, "--port", str(at.port), "--n_ctx", str(context_of(spec)),
        *(threads if spec.threads else ()),
        # As the harness's own llama.cpp engine has them, so that scores agree.
        "--type_k", F16, "--type_v", F32, "--n_gpu_layers", "0" if spec.device == "cpu" else "-1",
        # Without the first there are no log-probabilities, without the second one request ends another.
        "--logits_all", "true", "--interrupt_requests", "false",
        *_split(spec, "--split_mode", "--tensor_split", "--main_gpu"),
    )  # fmt: skip
    return Launch(command, "/v1/models", {"API_KEY": at.key})


def _llama_server(spec: ServingSpec, found: Installed, at: At) -> Launch:
    command = (
        found.executable, "--model", spec.model, "--alias", spec.name, "--host", HOST,
        "--port", str(at.port), "--parallel", str(spec.concurrency),
        "--ctx-size", str(context_of(spec) * spec.concurrency),
        *(("--threads", str(spec.threads)) if spec.threads else ()),
        *(("--n-gpu-layers", "0") if spec.device == "cpu" else ()),
        *_split(spec, "--split-mode", "--tensor-split", "--main-gpu"),
    )  # fmt: skip
    return Launch(command, "/health", {"LLAMA_API_KEY": at.key})


def _count(flag: str, count: int) -> tuple[str, ...]:
    return (flag, str(count)) if count else ()


def _split(spec: ServingSpec, mode: str, shares: str, main: str) -> Iterator[str]:
    """How a GGUF is laid over GPUs: llama_cpp.server takes a number for the mode, and shares one by one;
    llama-server a word, and shares with commas between them."""
    of = split_of(spec.spread)
    if of.split_mode:
        yield from (mode, str(SPLIT_MODES[of.split_mode]) if "_" in mode else of.split_mode)
    if of.tensor_split:
        texts = [f"{share:g}" for share in of.tensor_split]
        yield from (shares, *texts) if "_" in mode else (shares, ",".join(texts))
    if of.main_gpu is not None:
        yield from (main, str(of.main_gpu))


def _transformers(spec: ServingSpec, found: Installed, at: At) -> Launch:
    command = (
        found.python, "-m", "transformers.cli.transformers", "serve", spec.model, "--host", HOST,
        "--port", str(at.port), "--dtype", dtype_of(spec), "--device", spec.spread.mapped or spec.device,
    )  # fmt: skip
    return Launch(command, "/health")


def _vllm(spec: ServingSpec, found: Installed, at: At) -> Launch:
    command = (
        found.python, "-m", "vllm.entrypoints.openai.api_server", "--model", spec.model,
        "--served-model-name", spec.name, "--host", HOST, "--port", str(at.port),
        "--dtype", dtype_of(spec), "--max-model-len", str(context_of(spec)),
        *_count("--tensor-parallel-size", spec.tensor_parallel),
        *_count("--pipeline-parallel-size", spec.pipeline_parallel),
    )  # fmt: skip
    own = {"VLLM_API_KEY": at.key, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    return Launch(command, "/health", own)


def _ollama(spec: ServingSpec, found: Installed, at: At) -> Launch:
    own = {
        "OLLAMA_HOST": f"{HOST}:{at.port}",
        "OLLAMA_MODELS": str(Path(spec.log).with_suffix(".ollama")),
        "OLLAMA_CONTEXT_LENGTH": str(context_of(spec)),
        "OLLAMA_NUM_PARALLEL": str(spec.concurrency),
    }
    return Launch((found.executable, "serve"), "/api/version", own)


def _own(spec: ServingSpec, found: Installed, at: At) -> Launch:
    values = {
        "model": spec.model, "port": str(at.port), "host": HOST, "name": spec.name,
        "context": str(context_of(spec)), "threads": str(spec.threads or 1), "python": found.python,
    }  # fmt: skip
    _, *words = shlex.split(spec.command)
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    return Launch((found.executable, *words), "/v1/models")


_LAUNCHES: Mapping[ServerName, Callable[[ServingSpec, Installed, At], Launch]] = {
    "llama-cpp": _llama_cpp,
    "transformers": _transformers,
    "vllm": _vllm,
    "ollama": _ollama,
    "command": _own,
}
