"""The suites of `suites/`, with the same graph and small random models: so that they can be run anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

SMALL = {
    "vocab_size": 4096,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
SHAPES: dict[str, tuple[str, int]] = {
    "Qwen/Qwen2.5-7B-Instruct": ("qwen2.5-7b", 256),
    "Qwen/Qwen2.5-3B-Instruct": ("qwen2.5-3b", 256),
    "Qwen/Qwen2.5-1.5B-Instruct": ("qwen2.5-3b", 256),
    "Qwen/Qwen3-0.6B-Base": ("qwen3-0.6b", 256),
    "Qwen/Qwen3-1.7B-Base": ("qwen3-1.7b", 512),
    "Qwen/Qwen3-4B-Base": ("qwen3-4b", 768),
    "HuggingFaceTB/SmolLM2-135M-Instruct": ("smollm2-135m", 256),
    "HuggingFaceTB/SmolLM2-360M-Instruct": ("smollm2-360m", 512),
    "microsoft/Phi-3.5-mini-instruct": ("phi-3.5-mini", 256),
    "mistralai/Mistral-7B-Instruct-v0.3": ("mistral-7b", 256),
    "meta-llama/Llama-2-7b-chat-hf": ("llama-2-7b", 256),
    "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF": ("llama-3.1-8b", 256),
}
"""The architecture of each repo, and the width of its stand-in."""
SAMPLES = {"financial_phrasebank": "phrasebank-sample", "samsum": "dialogue-sample"}


def write_small(suite: Path, folder: Path, real_data: bool = False) -> Path:
    """Writes a suite's small twin, and gives its path.

    Args:
        suite: one of `suites/`.
        folder: to write into.
        real_data: whether data sets stay as they are; otherwise the embedded samples take their place.

    Raises:
        KeyError: a model that is not in `SHAPES`.
    """
    spec = yaml.safe_load(suite.read_text(encoding="utf-8"))
    spec["defaults"] = {**spec.get("defaults", {}), "limit": 4}
    models: dict[str, Any] = {}
    for name, model in spec["models"].items():
        models |= _small_model(str(name), dict(model))
    spec["models"] = models
    for task in spec["tasks"].values():
        _shrink(task, real_data)
    # Random models prove nothing, so that no gate could be met, and nothing be forgotten.
    spec.pop("gates", None)
    spec["forgetting"] = False
    out = folder / suite.name
    out.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return out


def _small_model(name: str, model: dict[str, Any]) -> dict[str, Any]:
    if "finetune" in model:
        model["finetune"] = {**model["finetune"], "limit": 4, "epochs": 1, "rank": 4}
    if "from" in model or "endpoint" in model or model.get("source") == "starter":
        return {name: model}
    if "gguf" in model:
        repo, file = model["gguf"].rsplit("/", 1)
        kind = file.removesuffix(".gguf").rsplit("-", 1)[1]
        return {f"{name}-weights": _random(repo), name: {"from": f"{name}-weights", "gguf": kind}}
    return {name: {**model, **_random(model["source"])}}


def _random(repo: str) -> dict[str, Any]:
    architecture, width = SHAPES[repo]
    shape = {**SMALL, "hidden_size": width, "intermediate_size": 2 * width}
    return {"source": {"architecture": architecture, **shape}, "weights": "random"}


def _shrink(task: dict[str, Any], real_data: bool) -> None:
    if task["type"] == "speed":
        task |= {"prompt_tokens": 16, "new_tokens": 4, "repetitions": 2, "rounds": 1}
        task["depths"] = [0, 8] if "depths" in task else [0]
        return
    if "limit" in task:
        task["limit"] = 2
    if "max_new_tokens" in task or task["type"] in ("summarize", "write"):
        task["max_new_tokens"] = 4
    if not real_data and task.get("dataset") in SAMPLES:
        task["dataset"] = SAMPLES[task["dataset"]]
        task.pop("agreement", None)
