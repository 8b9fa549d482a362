"""Which server to start for which model, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.engines.endpoint.spec import API, Scoring
from harness.engines.spread import ONE_DEVICE, Spread

ServerName = Literal["llama-cpp", "transformers", "vllm", "ollama", "command"]


@dataclass(frozen=True)
class ServingSpec:
    """A server of this machine, and how it is asked.

    Attributes:
        server: which; `command` is one of the user's own.
        model: the GGUF file or the folder of weights.
        name: what the server is to call the model; of a command, what it calls it ("": the only one
            that it lists).
        log: the file that takes what it prints.
        command: of the user's own, with `{model}`, `{port}` and others in braces.
        ready: the path that answers once it can be asked, or a whole address.
        base: the path of its API.
        folder: of the suite, where a command is run.
        python: the interpreter whose packages hold it; "" is this one.
        executable: a program in place of a package.
        arguments: behind those that are given anyway.
        environment: beside this process's own.
        first_port, last_port: a range; 0: any free port.
        start_timeout: seconds until it must be ready.
        context: tokens of prompt and answer; 0: what the model was made for, up to `MOST_CONTEXT`.
        threads: 0: as many as it takes by itself.
        dtype: of weights; a GGUF has its own.
        device: `auto`, `cpu` or a GPU.
        tensor_parallel, pipeline_parallel: of vLLM; 0: as it does by itself.
        spread: over several GPUs, of llama.cpp and Transformers.
        api, concurrency, timeout, retries, patience, scoring: as of an `EndpointSpec`.
    """

    server: ServerName
    model: str
    name: str
    log: str
    command: str = ""
    folder: str = ""
    ready: str = ""
    base: str = "/v1"
    python: str = ""
    executable: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    first_port: int = 0
    last_port: int = 0
    start_timeout: float = 300.0
    context: int = 0
    threads: int = 0
    dtype: str = "auto"
    device: str = "auto"
    tensor_parallel: int = 0
    pipeline_parallel: int = 0
    spread: Spread = ONE_DEVICE
    api: API = "completions"
    concurrency: int = 4
    timeout: float = 120.0
    retries: int = 5
    patience: float = 120.0
    scoring: Scoring = "auto"

    @property
    def is_gguf(self) -> bool:
        """Whether the model is a GGUF file, and not a folder."""
        return Path(self.model).is_file()


def started_words(server: str) -> str:
    """Where a model was asked, for which no address stands: it is another at every start."""
    return f"{server}, started here"


MOST_CONTEXT = 4096
"""Of a server whose context nobody has set: what it sets aside for the longest may not fit."""
