"""From a prepared suite to its forecast: facts are gathered, steps are reckoned, models summed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.errors import HarnessError
from harness.estimate.asked import (
    BYTES_PER_TOKEN,
    STARTER_BYTES_PER_TOKEN,
    Lengths,
    asked_of,
    learned_of,
)
from harness.estimate.facts import SOURCES, Asked, Facts, Learned, Machine
from harness.estimate.machine import Room, Verdict, verdict_on_memory
from harness.estimate.memory import Memory
from harness.estimate.precision import precisions
from harness.estimate.records import WHAT, Fits, Forecast, Free, ModelForecast, StepNeed, Totals
from harness.estimate.remedies import remedy
from harness.estimate.sources import source_of
from harness.estimate.steps import Needs, ShapeUnknownError
from harness.estimate.timing import Timing
from harness.plan.steps import Step
from harness.runner.run import Prepared
from harness.suite.schema import DivergenceTask

CERTAIN = 0.9
"""Share of the estimated bytes that are certainly needed: files are told to within 1%, sizes on the Hub
by its listing."""
ASSUMPTIONS = (
    "Memory is told to within 15% for what was measured (docs/fit.md); nothing was measured on a GPU.",
    "Times are upper bounds by a probe with numpy, or by what was measured here before; answers are "
    "as long as they may be. Downloads, conversions and starting processes are not counted.",
    f"Prompts that are not encoded yet: {BYTES_PER_TOKEN:g} bytes a token, "
    f"{STARTER_BYTES_PER_TOKEN:g} with the starter's tokenizer.",
)


def forecast(prepared: Prepared, machine: Machine, may_ask: bool = True) -> Forecast:
    """What the selected models need, held against this machine.

    Args:
        prepared: a suite.
        machine: this one.
        may_ask: whether the Hub may be asked about what is not here.
    """
    facts = gather(prepared, machine, may_ask)
    return Reckoning(prepared, facts).forecast()


def gather(prepared: Prepared, machine: Machine, may_ask: bool) -> Facts:
    """All that is known of sources, questions and what was made."""
    plan, store = prepared.plan, prepared.artifacts
    steps = [plan.steps[key] for key in _wanted(prepared)]
    sources = {step.key: source_of(step, store, may_ask) for step in steps if step.kind in SOURCES}
    asked: dict[str, Asked] = {}
    learned: dict[str, Learned] = {}
    made: dict[str, int] = {}
    for step in steps:
        try:
            if step.kind == "prompts":
                asked[step.key] = asked_of(step, store, _lengths(prepared, step))
            elif step.kind == "examples":
                learned[step.key] = learned_of(step, store, _lengths(prepared, step))
            elif step.kind not in ("source", "fetch") and store.manifest(step) is not None:
                made[step.key] = _size(store.folder(step))
        except HarnessError:
            continue
    return Facts(plan, machine, sources, asked, learned, made)


class Reckoning:
    """Goes through the models in order; what two of them share counts with the first."""

    def __init__(self, prepared: Prepared, facts: Facts) -> None:
        self._prepared, self._facts, self._needs = prepared, facts, Needs(facts)
        self._timing = Timing(prepared, self._needs, facts)
        self._todo = {(step.key, step.model, step.task) for step in prepared.to_do()}
        self._owner: dict[str, str] = {}

    def forecast(self) -> Forecast:
        """Of all selected models."""
        names = list(dict.fromkeys(cell.model for cell in self._prepared.cells))
        for name in names:
            self._claim(name, self._own_steps(name))
        for name in names:
            self._claim(name, self._other_steps(name))
        models = tuple(self._model(name) for name in names)
        return Forecast(self._free(), models, self._totals(models), ASSUMPTIONS)

    def _model(self, name: str) -> ModelForecast:
        steps = [self._prepared.plan.steps[k] for k, owner in self._owner.items() if owner == name]
        cells = [cell for cell in self._all_cells() if cell.model == name]
        needs: list[StepNeed] = []
        problem, written, kept, fetched = "", 0, 0, 0
        for step in (*steps, *cells):
            try:
                need = self._need(step)
                if need is not None:
                    needs.append(need)
                if step.kind not in ("cell", "round"):
                    kept += self._needs.kept(step)
                    missing = 0 if self._prepared.is_cached(step) else self._needs.written(step)
                    written += missing
                    fetched += missing if step.kind == "fetch" else 0
            except ShapeUnknownError as error:
                problem = str(error)
            except KeyError:
                problem = problem or "What it is asked is not known: its data cannot be read."
        needs = _largest_of_each(needs)
        return ModelForecast(
            name=name,
            parameters=(count := self._parameters(name)),
            bytes_by_bits={} if count is None else precisions(count),
            download_bytes=fetched,
            disk_bytes=kept,
            to_write_bytes=written,
            needs=tuple(needs),
            asking_seconds=self._timing.total(cells, self._is_open),
            tuning_seconds=self._timing.total(
                [step for step in steps if step.kind == "finetune"], self._is_open
            ),
            fits=_worst(needs, bool(problem)),
            problem=problem,
            note=self._note(name),
        )

    def _claim(self, name: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._owner.setdefault(key, name)

    def _own_steps(self, name: str) -> Iterator[str]:
        """Keys of what a model is made by and checked by."""
        plan = self._prepared.plan
        model = plan.models[name]
        for key in (*model.parts.values(), *model.checks):
            yield from (*plan.ancestors(plan.steps[key]), key)

    def _other_steps(self, name: str) -> Iterator[str]:
        """Keys of what its cells need besides: a reference that is not selected, prompts."""
        plan, tasks = self._prepared.plan, self._prepared.suite.spec.tasks
        for cell in self._prepared.cells:
            if cell.model == name:
                yield from plan.ancestors(cell)
        for task, precision in plan.precision.items():
            spec = tasks[task]
            assert isinstance(spec, DivergenceTask)
            if spec.reference == name and precision.step and self._asks(task):
                yield precision.step

    def _asks(self, task: str) -> bool:
        return any(cell.task == task for cell in self._prepared.cells)

    def _all_cells(self) -> Iterable[Step]:
        chosen = {(cell.model, cell.task) for cell in self._prepared.cells}
        rounds = self._prepared.plan.rounds
        return (
            *(step for step in rounds if (step.model, step.task) in chosen),
            *self._prepared.cells,
        )

    def _need(self, step: Step) -> StepNeed | None:
        memory = self._needs.memory(step)
        if memory is None:
            return None
        open_ = self._is_open(step)
        fits = fits_in(memory, self._facts.machine.room)
        advice = remedy(step, self._needs, self._facts) if fits == "no" and open_ else ""
        what = WHAT[step.kind]
        label = step.label
        return StepNeed(
            what, label, step.key, memory.resident, memory.device, not open_, fits, advice
        )

    def _is_open(self, step: Step) -> bool:
        return (step.key, step.model, step.task) in self._todo

    def _parameters(self, name: str) -> int | None:
        parts = self._prepared.plan.models[name].parts
        role = "gguf" if "gguf" in parts else "weights"
        _, source = self._facts.beginning(self._prepared.plan.steps[parts[role]])
        return None if source.shape is None else source.shape.parameters

    def _note(self, name: str) -> str:
        parts = self._prepared.plan.models[name].parts.values()
        begun = [self._facts.beginning(self._prepared.plan.steps[key])[1] for key in parts]
        return "; ".join(dict.fromkeys(source.note for source in begun if source.note))

    def _totals(self, models: tuple[ModelForecast, ...]) -> Totals:
        to_write = sum(model.to_write_bytes for model in models)
        times = [
            seconds
            for model in models
            for seconds in (model.asking_seconds, model.tuning_seconds)
            if not model.problem
        ]
        known = [seconds for seconds in times if seconds is not None]
        left = [need for model in models for need in model.needs if not need.done]
        verdict = Verdict(to_write, self._facts.machine.room.disk)
        return Totals(
            download_bytes=sum(model.download_bytes for model in models),
            disk_bytes=sum(model.disk_bytes for model in models),
            to_write_bytes=to_write,
            disk_fits="no" if CERTAIN * to_write > verdict.free else _fits(verdict, "tight"),
            seconds=sum(known) if times and len(known) == len(times) else None,
            uncounted=tuple(model.name for model in models if model.problem),
            largest=max(left, key=lambda need: need.bytes, default=None),
        )

    def _free(self) -> Free:
        machine, room = self._facts.machine, self._facts.machine.room
        pace = machine.pace
        return Free(
            disk_bytes=room.disk,
            resident_bytes=room.resident,
            device_bytes=room.device,
            device=machine.device_name,
            operations_per_second=None if pace is None else pace.operations_per_second,
            read_bytes_per_second=None if pace is None else pace.read_bytes_per_second,
        )


def fits_in(memory: Memory, room: Room) -> Fits:
    """Whether a step finds room, in main memory and on the device."""
    order: tuple[Fits, ...] = ("no", "tight", "yes")
    found = {_fits(verdict, "no") for verdict in verdict_on_memory(memory, room)}
    return next(fits for fits in order if fits in found)


def _fits(verdict: Verdict, no: Fits) -> Fits:
    known: Mapping[str, Fits] = {"yes": "yes", "tight": "tight", "no": no}
    return known[verdict.fits]


def _worst(needs: Iterable[StepNeed], unknown: bool) -> Fits:
    found = {need.fits for need in needs if not need.done}
    if unknown and "no" not in found:
        return "not known"
    order: tuple[Fits, ...] = ("no", "tight", "yes")
    return next((fits for fits in order if fits in found), "yes")


def _largest_of_each(needs: Iterable[StepNeed]) -> list[StepNeed]:
    """Largest first; rounds of a timed cell, which all need the same, are one."""
    seen: dict[tuple[str, str], StepNeed] = {}
    for need in needs:
        name = need.step.partition(", round ")[0]
        known = seen.get((need.what, name))
        if known is None or (known.done and not need.done):
            seen[need.what, name] = need
    return sorted(seen.values(), key=lambda need: -need.bytes)


def _wanted(prepared: Prepared) -> list[str]:
    plan = prepared.plan
    keys: dict[str, None] = {}
    for cell in prepared.cells:
        keys |= dict.fromkeys(plan.ancestors(cell))
    for name in {cell.model for cell in prepared.cells}:
        for key in plan.models[name].checks:
            keys |= dict.fromkeys((*plan.ancestors(plan.steps[key]), key))
    for precision in plan.precision.values():
        if precision.step:
            keys |= dict.fromkeys((*plan.ancestors(plan.steps[precision.step]), precision.step))
    return list(keys)


def _lengths(prepared: Prepared, step: Step) -> Lengths:
    source = prepared.plan.steps[step.parents["tokenizer"]]
    starter = source.kind == "random" or "starter" in source.label
    return Lengths(STARTER_BYTES_PER_TOKEN if starter else BYTES_PER_TOKEN)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
