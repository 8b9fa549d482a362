"""Which models of different results are the same one: told by how they were made, not by their names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.leaderboard.collect import Result
from harness.records import (
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    QuantizeStep,
    SourceStep,
)
from harness.reporting.facts import plain_value
from harness.reporting.lineage import lineage_words

WHERE_FROM = {"source", "from", "adapter", "revision", "trust_remote_code", "pickle"}
"""Keys of a model's entry that say where its files are; what is in them is told by keys."""
PUT = ("chat_template", "thinking", "template_options")
"""Keys of a source that say how its prompts are put."""


@dataclass(frozen=True)
class Made:
    """One model of one run's results.

    `identity` is the same where a model was made of the same files in the same way, and is run
    alike; versions of software are no part of it, `key` holds them too. `parent` and `root` are the
    names of what it was made from, in these results.
    """

    result: Result
    name: str
    identity: str
    key: str
    parent: str
    root: str
    recipe: Mapping[str, str]
    """The settings of all that was done on the way to it, as text by name."""

    @property
    def lineage(self) -> Sequence[LineageStep]:
        """The steps from the source on."""
        return self.result.summary.models[self.name].lineage

    @property
    def put(self) -> dict[str, Any]:
        """How its root's prompts are put, as far as the suite says so."""
        root = _entries(self.result).get(self.root, {})
        return {key: root[key] for key in PUT if key in root}


def made_in(result: Result) -> dict[str, Made]:
    """The models of one run's results, by name."""
    entries = _entries(result)
    found = {}
    for name, model in result.summary.models.items():
        chain = [*_chain(entries, name)]
        root = chain[-1]
        parts = []
        for one in chain:
            entry = entries.get(one, {})
            part = {key: value for key, value in entry.items() if key not in WHERE_FROM}
            if "from" not in entry:
                part.pop("gguf", None)
            if isinstance(part.get("finetune"), dict):  # its seed stands in the lineage
                part["finetune"] = {
                    k: v for k, v in part["finetune"].items() if k not in ("seed", "seeds")
                }
            known = result.summary.models.get(one)
            if one == root or "adapter" in entry:
                part["files"] = known.key if known is not None and known.key else one
            parts.append(part)
        steps = [_without_names(step, bool(model.key)) for step in model.lineage]
        told = json.dumps([steps, parts], sort_keys=True, default=str)
        identity = hashlib.sha256(told.encode()).hexdigest()[:16]
        parent = chain[1] if len(chain) > 1 else ""
        recipe = _recipe(parts, lineage_words(model.lineage))
        found[name] = Made(result, name, identity, model.key, parent, root, recipe)
    return found


def _recipe(parts: Sequence[Mapping[str, Any]], lineage: str) -> dict[str, str]:
    """Settings by name, those of the model itself before those of what it was made from."""
    found: dict[str, str] = {}
    for part in parts:
        inner = [part.get(key) for key in ("finetune", "engine")]
        settings = dict(part)
        for more in inner:
            settings |= more if isinstance(more, dict) else {}
        for key, value in settings.items():
            if key not in ("finetune", "engine", "files"):
                found.setdefault(key.replace("_", " "), plain_value(value))
    return {"made": lineage, **found}


def quantization(steps: Sequence[LineageStep]) -> str:
    """The type of a model's weights that its lineage tells: "Q4_K_M", "nf4"; "" where it tells none."""
    for step in reversed(steps):
        match step:
            case QuantizeStep() | ConvertStep() | LoadStep():
                return step.type
            case SourceStep():
                return step.type
            case _:
                continue
    return ""


def _entries(result: Result) -> dict[str, dict[str, Any]]:
    spec = result.summary.suite.get("spec")
    models = spec.get("models") if isinstance(spec, dict) else None
    if not isinstance(models, dict):
        return {}
    return {name: entry for name, entry in models.items() if isinstance(entry, dict)}


def _chain(entries: dict[str, dict[str, Any]], name: str) -> Iterator[str]:
    """The model itself, what it was made from, and so on to the source."""
    passed = set()
    while name not in passed:
        passed.add(name)
        yield name
        above = entries.get(name, {}).get("from")
        if not isinstance(above, str) or above not in entries:
            return
        name = above


def _without_names(step: LineageStep, keyed: bool) -> dict[str, Any]:
    """A step without what its suite calls it; of a source whose files have a key without the name."""
    told = step.model_dump(mode="json")
    if isinstance(step, FinetuneStep) or (isinstance(step, SourceStep) and keyed):
        told.pop("model", None)
        told.pop("name", None)
    return told
