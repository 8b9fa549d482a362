"""Which models can be talked to: those of a suite, or one that stands for itself."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.chat.needs import Estimates
from harness.chat.opening import Opening, Template
from harness.engines.gguf_file import gguf_info
from harness.engines.json_files import read_json
from harness.engines.process import physical_cores
from harness.errors import InputError
from harness.estimate.need import Memory
from harness.plan.graph import ModelPlan
from harness.plan.steps import Step
from harness.reporting.lineage import lineage_words
from harness.runner.engine_files import engine_spec, served_spec
from harness.runner.run import Options, Prepared, prepare
from harness.runner.sources import check_source
from harness.suite.lineage import root_of
from harness.suite.problems import SuiteError

NAME_ONE = "Name a suite, a GGUF file, a folder with a model, or the id of one on the Hub."
ALONE = "model"
"""What a model is called that no suite names, where its own name cannot be one."""


@dataclass(frozen=True)
class ChatModel:
    """A model that can be talked to, or could be."""

    name: str
    made: str
    """How it came about, in words."""
    opening: Opening | None
    """What its process opens; None where its files are not there."""
    needs: Memory | None = None
    """Of its process at its peak; None where that cannot be told, and of what a server runs."""
    missing: str = ""
    """What has to be done first, where it cannot be talked to."""
    continues: bool = False
    """Whether it has no chat template, and so continues texts: a base model."""
    started: bool = False
    """Whether the suite starts a server for it, which is not done here: it runs in its process."""

    @property
    def host(self) -> str:
        """The server that runs it; "" where it runs here."""
        served = self.opening.endpoint if self.opening is not None else None
        return served.host if served is not None else ""


def models_of(prepared: Prepared, command: str) -> list[ChatModel]:
    """The models of a suite that was planned; `command` makes those that are missing."""
    found, estimates = [], Estimates(prepared)
    for model in prepared.plan.models.values():
        parts = dict(zip(model.parts, _parts(model, prepared), strict=True))
        lacking = [step for step in parts.values() if not _is_there(step, prepared)]
        made, started = lineage_words(model.lineage), model.serving is not None
        if lacking:
            missing = f"{command} --only {model.name}"
            found.append(ChatModel(model.name, made, None, missing=missing, started=started))
            continue
        opening = _opening(model, parts, prepared)
        needs = estimates.of(model) if parts else None
        continues = not has_template(opening)
        found.append(ChatModel(model.name, made, opening, needs, "", continues, started))
    return found


def one_model(what: str, home: Path | None = None) -> Prepared:
    """A plan of a single model that no suite names: a GGUF file, a folder, a Hub id, or the starter.

    Raises:
        InputError: there is no such model, or its files cannot be used.
    """
    path = Path(what)
    if path.is_file() and path.suffix != ".gguf":
        raise InputError(
            f"{what} is neither a suite (.yaml) nor a model",
            NAME_ONE,
        )
    text = str(path.absolute()) if path.exists() else what
    kind = "gguf" if text.endswith(".gguf") else "source"
    suite = {
        "name": "chat",
        "models": {name_of(what): {kind: text}},
        "tasks": {"talk": {"type": "write", "prompts": ["Hello"]}},
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chat.yaml"
        file.write_text(json.dumps(suite), encoding="utf-8")  # JSON is YAML
        try:
            prepared = prepare(file, Options(home=home, provisional=True))
        except SuiteError as error:
            said = error.problems[0].message.replace(f"{folder}{os.sep}", "")
            raise InputError(f"{what}: {said}", NAME_ONE) from None
        except InputError as error:
            said = error.message.removeprefix(f"{file}: ")
            raise InputError(f"{what}: {said}", error.hint) from None
    for step in prepared.plan.steps.values():
        if step.row.in_place:
            place, allowed = prepared.artifacts.file(step), prepared.plan.permissions(step.key)
            failure = check_source(step, place, allowed)
            if failure is not None:
                raise InputError(f"{what}: {failure.message}", failure.hint)
    return prepared


def name_of(what: str) -> str:
    """What a model is called that is named by a path or a Hub id."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._+-") else "-" for c in what)
    last = kept if "/" not in what else kept[len(what.rstrip("/").rpartition("/")[0]) + 1 :]
    return last.strip("-._+")[:80] or ALONE


def has_template(opening: Opening) -> bool:
    """Whether a model has a chat template, or a server that has one: seen from its files' heads."""
    if opening.template.plain or opening.template.file or opening.endpoint is not None:
        return not opening.template.plain
    place = Path(opening.tokenizer)
    if place.is_file():
        return "tokenizer.chat_template" in gguf_info(place).metadata
    beside = ("chat_template.jinja", "chat_template.json")
    settings = read_json(place / "tokenizer_config.json")
    return bool(settings.get("chat_template")) or any((place / name).is_file() for name in beside)


def _opening(model: ModelPlan, parts: Mapping[str, Step], prepared: Prepared) -> Opening:
    template = _template(model, prepared)
    if model.endpoint is not None and model.connection is not None:
        spec = served_spec(model.endpoint, model.connection, prepared.artifacts.home)
        return Opening(endpoint=spec, template=template)
    inputs = {role: str(prepared.artifacts.file(step).absolute()) for role, step in parts.items()}
    root = _parts(prepared.plan.models[model.root], prepared)
    return Opening(
        engine_spec("", inputs, model.options, physical_cores()),
        tokenizer=str(prepared.artifacts.file(root[0]).absolute()),
        template=template,
        permissions=_permissions((*parts.values(), *root), prepared),
        made=_folders((*parts.values(), *root), prepared),
    )


def _is_there(step: Step, prepared: Prepared) -> bool:
    if step.row.in_place:
        return prepared.artifacts.file(step).exists()
    return prepared.is_cached(step)


def _parts(model: ModelPlan, prepared: Prepared) -> list[Step]:
    """The steps that a model's files come from."""
    return [prepared.plan.steps[key] for key in model.parts.values()]


def _folders(steps: Iterable[Step], prepared: Prepared) -> tuple[str, ...]:
    """Where lies what was made, of some steps."""
    made = (prepared.artifacts.folder(step) for step in steps if not step.row.in_place)
    return tuple(dict.fromkeys(str(folder.absolute()) for folder in made))


def _permissions(steps: Iterable[Step], prepared: Prepared) -> dict[str, Mapping[str, Any]]:
    """What may be done with the files of some steps, by path."""
    return {
        str(prepared.artifacts.file(step).absolute()): given
        for step in steps
        if (given := prepared.plan.permissions(step.key))
    }


def _template(model: ModelPlan, prepared: Prepared) -> Template:
    suite = prepared.suite
    spec = suite.spec.models[root_of(suite.spec.models, model.name)]
    file = spec.template_file
    plain = spec.chat_template == "none" or (
        model.endpoint is not None and model.endpoint.api == "completions"
    )
    return Template(
        file=str((suite.folder / file).absolute()) if file is not None else "",
        options=spec.template_options or {},
        thinking=spec.thinking,
        plain=plain,
    )
