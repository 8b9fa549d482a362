"""Mistakes in how models are laid over several devices: keys of another engine, fewer GPUs than asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.suite.checks.found import Found, KeyPath
from harness.suite.lineage import at_run_time, is_gguf
from harness.suite.schema import ModelSpec, Resources
from harness.suite.schema.spreading import OF_ACCELERATE, OF_LLAMA_CPP

TAKES = {
    "llama-cpp": ("devices", *OF_LLAMA_CPP),
    "transformers": ("devices", "device_map"),
    "command": ("devices",),
}
"""What servers that are started are told of it; `devices` alone says how many GPUs a step asks for."""
INSTEAD = {
    "vllm": "Say it under `serve`: `{server: vllm, tensor_parallel: 2}`, or `pipeline_parallel`.",
    "ollama": "Ollama lays models out by itself.",
}


def check_spreading(
    name: str, models: Mapping[str, ModelSpec], resources: Resources
) -> Iterator[Found]:
    """Args:
    name: of a model whose entry is right by itself.
    resources: what the suite says of all models.
    """
    model, at = models[name], ("models", name)
    said = model.engine.spread
    if said:
        yield from _keys((*at, "engine"), name, models, said)
    wanted = gpus_of(model)
    given = model.resources.gpus if model.resources is not None else None
    place: KeyPath = (*at, "resources", "gpus") if given is not None else at
    given = resources.gpus if given is None else given
    if wanted and given is not None and given < wanted:
        hint = "Leave `gpus` out: a model's steps then ask for as many as it is laid over."
        message = f"`gpus: {given:g}` are fewer than the {wanted} that this model is laid over"
        yield place, message, hint


def gpus_of(model: ModelSpec) -> int:
    """GPUs that one process of a model is laid over, as far as the suite says; else 0."""
    return model.serve.gpus if model.serve is not None and model.serve.gpus else model.engine.gpus


def _keys(
    at: KeyPath, name: str, models: Mapping[str, ModelSpec], said: Mapping[str, object]
) -> Iterator[Found]:
    model = models[name]
    if model.serve is not None:
        server = model.serve.name
        taken, what = TAKES.get(server, ()), f"`{server}`"
        named = ", ".join(f"`{key}`" for key in taken)
        hint = INSTEAD.get(server, f"It takes {named} here, and `arguments` under `serve`.")
    elif is_gguf(model) or at_run_time(models, name):
        taken, what = ("devices", *OF_LLAMA_CPP), "a GGUF, which llama.cpp runs,"
        hint = "Take `tensor_split` and `split_mode`."
    else:
        taken, what = ("devices", *OF_ACCELERATE), "weights, which Transformers runs,"
        hint = "Take `devices`, `device_map` and `max_memory`."
    for key in said:
        if key not in taken:
            yield (*at, key), f"{what} takes no `{key}`", hint
