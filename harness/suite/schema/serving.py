"""A server that the harness starts for a model, and stops again."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from harness.suite.schema.endpoints import Requested

SERVERS: dict[str, str] = {
    "llama-cpp": "gguf",
    "transformers": "weights",
    "vllm": "weights",
    "ollama": "gguf",
}
"""Servers that the harness knows how to start, and the files that they take."""
PARALLEL: dict[str, tuple[str, str]] = {
    "tensor_parallel": ("--tensor-parallel-size", "-tp"),
    "pipeline_parallel": ("--pipeline-parallel-size", "-pp"),
}
"""Keys of vLLM, and the flags that they become."""
PLACEHOLDERS = ("model", "port", "host", "name", "context", "threads", "python")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PORTS = re.compile(r"(\d+)\s*-\s*(\d+)|(\d+)")
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Serve(Requested):
    """Which server is started, and how it is asked."""

    server: Literal["llama-cpp", "transformers", "vllm", "ollama"] | None = Field(
        None,
        description="llama-cpp and ollama take a GGUF, transformers and vllm weights. llama-cpp is "
        "llama_cpp.server, or with `executable` llama-server.",
    )
    command: str | None = Field(
        None,
        description="In place of `server`: a command line that serves `{model}` at `{port}` behind "
        "OpenAI's API. It may name {host}, {name}, {context}, {threads} and {python}, too.",
    )
    ready: str | None = Field(
        None,
        description="Path (or address) that answers with 200 once the model can be asked, such as "
        "/health; of a `command` /v1/models unless told.",
    )
    base: str | None = Field(None, description="Path of the API of a `command`; default: /v1.")
    model: str | None = Field(
        None,
        min_length=1,
        description="What a `command` calls the model; default: the only one that it lists.",
    )
    python: str | None = Field(
        None,
        description="Interpreter of the environment that holds the server, such as "
        "../vllm/bin/python; default: the one that runs the harness.",
    )
    executable: str | None = Field(
        None, description="Program in place of a Python package: llama-server, or Ollama's place."
    )
    arguments: list[str | int | float] = Field(
        default_factory=list, description="Given to the server behind those that it gets anyway."
    )
    environment: dict[Variable, str | int | float] = Field(
        default_factory=dict,
        description="Environment variables of the server; they stand in the results, so no keys.",
    )
    tensor_parallel: int | None = Field(
        None,
        ge=1,
        description="vLLM: GPUs that share each layer (`--tensor-parallel-size`); a divisor of the "
        "model's attention heads.",
    )
    pipeline_parallel: int | None = Field(
        None,
        ge=1,
        description="vLLM: parts of the model's layers, one after the other "
        "(`--pipeline-parallel-size`), each on `tensor_parallel` GPUs.",
    )
    ports: int | str | None = Field(
        None, description="A port, or a range such as 8000-8100; default: any that is free."
    )
    start_timeout: float = Field(
        300.0, gt=0, description="Seconds until it must be ready to be asked."
    )
    api: Literal["completions", "chat"] = Field(
        "completions",
        description="completions: prompts are put through the model's template here, so that they are "
        "those of the model in process, and labels are scored where log-probabilities hold. chat: "
        "messages go through the server's own template.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return {"server": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_server(self) -> Serve:
        if (self.server is None) == (self.command is None):
            raise ValueError("`serve` takes a `server` or a `command`, and not both")
        extra = [key for key in ("base", "model") if getattr(self, key) is not None]
        if self.server is not None and extra:
            raise ValueError(f"`{extra[0]}` belongs to a `command`")
        parallel = [key for key in PARALLEL if getattr(self, key) is not None]
        if parallel and self.server != "vllm":
            raise ValueError(
                f"`{parallel[0]}` is vLLM's; for llama-cpp and transformers `devices` under `engine` "
                "says how many GPUs"
            )
        flags = [str(one).partition("=")[0] for one in self.arguments]
        twice = [key for key in parallel if {*PARALLEL[key]} & {*flags}]
        if twice:
            raise ValueError(f"`{twice[0]}` stands in `arguments`, too; say it once")
        if self.executable is not None and self.server not in ("llama-cpp", "ollama"):
            raise ValueError(
                "`executable` is for llama-cpp and ollama; others are Python packages (`python:`)"
            )
        if self.python is not None and (self.executable is not None or self.server == "ollama"):
            raise ValueError("a program has no `python`")
        return self

    @field_validator("command")
    @classmethod
    def _serves_the_model(cls, command: str | None) -> str | None:
        for name in _PLACEHOLDER.findall(command or ""):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                raise ValueError(f"a command may name {known}, and not {{{name}}}")
        lacking = [one for one in ("{model}", "{port}") if command and one not in command]
        if lacking:
            raise ValueError(
                f"a command names {lacking[0]}, which stands for what it is to serve, or where"
            )
        return command

    @field_validator("base", "ready")
    @classmethod
    def _a_path(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith(("/", "http://127.0.0.1", "http://localhost")):
            raise ValueError("a path begins with /, as in /health")
        return path.rstrip("/") if path else path

    @field_validator("ports")
    @classmethod
    def _a_range(cls, ports: int | str | None) -> int | str | None:
        if ports is None:
            return None
        first, last = _range(str(ports))
        if not 1024 <= first <= last <= 65535:
            raise ValueError("ports are numbers from 1024 to 65535, as in 8000-8100")
        return ports

    @property
    def port_range(self) -> tuple[int, int]:
        """First and last port; two zeros where any will do."""
        return _range(str(self.ports)) if self.ports is not None else (0, 0)

    @property
    def gpus(self) -> int:
        """GPUs that the server is told to share a model among; 0 where the suite does not say."""
        said = [count for key in PARALLEL if (count := getattr(self, key)) is not None]
        return math.prod(said) if said else 0

    @property
    def name(self) -> str:
        """The server's, or `command`."""
        return self.server or "command"

    @property
    def takes(self) -> str:
        """`gguf` or `weights`; "" where either will do."""
        return SERVERS.get(self.name, "")


def by_name_too(schema: dict[str, Any]) -> None:
    """A JSON schema in which the name of a server stands for the keys, too."""
    schema["anyOf"].insert(0, {"enum": list(SERVERS), "type": "string"})


def _range(ports: str) -> tuple[int, int]:
    found = _PORTS.fullmatch(ports.strip())
    if found is None:
        return (0, -1)
    first, last, alone = found.groups()
    return (int(alone), int(alone)) if alone else (int(first), int(last))
