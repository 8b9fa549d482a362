"""What a model was made from, and under which licences these came: copied, and nothing is concluded from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.engines.gguf_file import gguf_info
from harness.models.sources import card_licence
from harness.plan.params import ExamplesParams
from harness.records.licences import NOT_STATED
from harness.reporting.markdown import code, escape
from harness.runner.run import Prepared
from harness.runner.task_summary import described
from harness.starter import LICENCE
from harness.suite.lineage import ancestry, trained_elsewhere

NOTE = (
    "As the sources say themselves. Whether they allow what you are about to do with this model is for you to read there; what says "
    "nothing is not therefore free."
)


def licences(prepared: Prepared, name: str) -> str:
    """The section of a model's card."""
    rows = [
        f"| {what} | {escape(licence or NOT_STATED)} |" for what, licence in _parts(prepared, name)
    ]
    table = "\n".join(["| made from | licence |", "|---|---|", *rows])
    return f"## Licences\n\n{table}\n\n{NOTE}" if rows else ""


def _parts(prepared: Prepared, name: str) -> Iterator[tuple[str, str]]:
    models, plan = prepared.suite.spec.models, prepared.plan
    for entry in ancestry(models, name):
        spec, parts = models[entry], plan.models[entry].parts
        if spec.source == "starter":
            yield "the weights of the starter", LICENCE
        elif isinstance(spec.source, str):
            yield f"the weights {code(spec.source)}", _of_files(prepared, parts["weights"])
        elif spec.from_ is None and spec.gguf is not None:
            yield f"the GGUF {code(spec.gguf)}", _of_files(prepared, parts["gguf"])
        elif trained_elsewhere(models, entry) and "weights" in parts:
            yield f"the adapter {code(str(spec.adapter))}", _of_files(prepared, parts["adapter"])
        if spec.finetune is not None:
            yield from _learned(prepared, plan.models[entry].training)


def _of_files(prepared: Prepared, key: str) -> str:
    """By the card of a folder, or by what a GGUF says of itself."""
    place: Path = prepared.artifacts.file(prepared.plan.steps[key])
    if place.is_dir():
        return card_licence(place)
    return str(gguf_info(place).metadata.get("general.license", ""))


def _learned(prepared: Prepared, training: str) -> Iterator[tuple[str, str]]:
    steps, places = prepared.plan.steps, prepared.artifacts.places
    learned = steps[steps[training].parents["examples"]].given(ExamplesParams)
    describe = described(places)
    for part in learned.sets:
        yield f"learned: {code(part.dataset)}", describe(part.contents).licence
    for instructions in learned.instructions:
        found = describe(instructions.contents)
        yield f"learned: {code(found.name)}", found.licence
