"""From a prepared suite to its forecast: what each model needs, held against this machine.

The records are plain data, which `harness plan --json` prints under `fit`; docs/fit.md says what the
keys mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.estimate.asked import BYTES_PER_TOKEN, STARTER_BYTES_PER_TOKEN
from harness.estimate.division import Dividing
from harness.estimate.facts import Facts, UnknownError
from harness.estimate.files import precisions
from harness.estimate.machine import Fits, Free, fits
from harness.estimate.need import Need
from harness.estimate.remedies import remedy
from harness.estimate.steps import Needs
from harness.estimate.timing import TimeForecast, added
from harness.estimate.whole import Duration, StepTime, is_free, time_of, whole
from harness.plan.kinds import Cost
from harness.plan.steps import Step
from harness.runner.run import Prepared

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
_WORST_FIRST: tuple[Fits, ...] = ("no", "not known", "tight", "yes")


@dataclass(frozen=True)
class StepNeed:
    """What one step needs at its peak."""

    what: Cost
    step: str
    """The step's label."""
    key: str
    resident: Need
    device: Need
    done: bool
    """Whether it is there already, and so needs nothing more."""
    fits: Fits
    remedy: str = ""
    """What would help most, in a suite's words; empty where it fits."""
    devices: int = 1
    """GPUs that need so much each."""

    @property
    def bytes(self) -> int:
        """In main memory and on the device together: how large it is beside others."""
        return self.resident.total + self.devices * self.device.total


@dataclass(frozen=True)
class ModelForecast:
    """What one model of the suite needs. What two models share counts with the first."""

    name: str
    parameters: int | None
    """None where the shape is not known."""
    bytes_by_bits: Mapping[int, float]
    """Of all weights at 32, 16, 8 and 4 bits each."""
    download_bytes: int
    """That are still to come."""
    disk_bytes: int
    """Of all that is fetched or made for it and kept."""
    to_write_bytes: int
    """Of these, what is not there yet."""
    needs: tuple[StepNeed, ...]
    """Of its steps, largest first."""
    asking_seconds: float | None
    """Of what is not answered yet; None where that cannot be told."""
    tuning_seconds: float | None
    fits: Fits
    problem: str = ""
    """Why something is not known, and how to mend it."""
    scratch_bytes: int = 0
    """Most that checkpoints of a fine-tuning that is still to be done take while it trains."""
    note: str = ""
    """Where shape and sizes are known from, if not from the files."""

    @property
    def misfits(self) -> Iterator[StepNeed]:
        """Of steps that would run and find no room, largest first."""
        return (need for need in self.needs if need.fits == "no" and not need.done)

    def largest(self, *what: Cost) -> StepNeed | None:
        """The largest need of these kinds."""
        return next((need for need in self.needs if need.what in what), None)


@dataclass(frozen=True)
class Totals:
    """All models of the suite together."""

    download_bytes: int
    disk_bytes: int
    to_write_bytes: int
    scratch_bytes: int
    """Most that the checkpoints of one fine-tuning take beside it while it trains."""
    disk_fits: Fits
    seconds: float | None
    """Of all that would be asked and fine-tuned; None where the time of a part cannot be told."""
    uncounted: tuple[str, ...]
    """Models whose needs are not known, and so not in these sums."""
    largest: StepNeed | None
    """The largest need of a step that would run."""


@dataclass(frozen=True)
class Forecast:
    """Will it fit?"""

    free: Free
    models: tuple[ModelForecast, ...]
    totals: Totals
    assumptions: tuple[str, ...] = ASSUMPTIONS
    duration: Duration | None = None
    """Of all that is still to be done; None where the time of a part cannot be told."""


class Reckoning:
    """What the selected models of a suite need, and how long it takes; what two of them share counts with the first."""

    def __init__(self, prepared: Prepared, facts: Facts) -> None:
        self._prepared, self._plan, self._facts = prepared, prepared.plan, facts
        self._needs = Needs(facts)
        self._timing = TimeForecast(prepared, self._needs, facts)
        self._claimed: set[str] = set()
        self._open = prepared.to_do()
        self._todo = {(step.key, step.model, step.task) for step in self._open}

    def forecast(self) -> Forecast:
        """Of all models together, held against the machine.

        Raises:
            InputError: a fine-tuning's targets name no layer.
        """
        models, free = tuple(self.models()), self._facts.machine.free
        return Forecast(free, models, totals(models, free), duration=self.duration())

    def duration(self) -> Duration | None:
        """Of all that is to be done."""
        return whole(self._open, self._timing, self._needs)

    def times(self) -> list[tuple[Step, StepTime | None]]:
        """Of each step that is to be done and takes time, in order."""
        steps = [step for step in self._open if not is_free(step)]
        return [(step, time_of(step, self._timing, self._needs)) for step in steps]

    def dividing(self, room: Callable[[Step], int] | None = None) -> Dividing:
        """What tells in how many parts cells can be asked: see `Dividing`."""
        return Dividing(self._needs, self._facts, room)

    def models(self) -> Iterator[ModelForecast]:
        """Of all that are selected."""
        asked: dict[str, list[Step]] = {cell.model: [] for cell in self._prepared.cells}
        chosen = {(cell.model, cell.task) for cell in self._prepared.cells}
        rounds = [step for step in self._plan.rounds if (step.model, step.task) in chosen]
        for cell in (*rounds, *self._prepared.cells):
            asked[cell.model].append(cell)
        made: dict[str, list[Step]] = {name: [] for name in asked}
        for name, steps in made.items():
            # What a model is made by and checked by.
            model = self._plan.models[name]
            self._claim((*model.parts.values(), *model.checks), steps)
        for name, steps in made.items():
            # What its cells need besides: prompts, a reference that is not selected.
            for cell in asked[name]:
                self._claim((*cell.parents.values(), *cell.after), steps)
        for task in dict.fromkeys(cell.task for cell in self._prepared.cells):
            reference = self._prepared.suite.spec.tasks[task].held_against
            if reference in made:
                self._claim((self._plan.precision[task].step,), made[reference])
        return (self._model(name, made[name], asked[name]) for name in asked)

    def _claim(self, keys: Iterable[str], steps: list[Step]) -> None:
        """Adds steps that nobody has yet, and all that they need; rounds are none of these."""
        for key in keys:
            if key in self._plan.steps and key not in self._claimed:
                self._claimed.add(key)
                step = self._plan.steps[key]
                self._claim((*step.parents.values(), *step.after), steps)
                steps.append(step)

    def _model(self, name: str, steps: list[Step], cells: list[Step]) -> ModelForecast:
        needs: dict[object, StepNeed] = {}
        problem, written, kept, fetched, scratch = "", 0, 0, 0, 0
        for step in (*steps, *cells):
            try:
                need = self._need(step)
                # Rounds of a timed cell all need the same: they are one.
                which = (step.model, step.task) if not step.row.is_artifact else step.key
                if need is not None:
                    known = needs.setdefault(which, need)
                    needs[which] = need if known.done and not need.done else known
                if step.row.is_artifact:
                    kept += self._needs.kept(step)
                    missing = 0 if self._prepared.is_cached(step) else self._needs.written(step)
                    written += missing
                    scratch = max(scratch, self._needs.scratch(step) if missing else 0)
                    fetched += missing if step.kind == "fetch" else 0
            except UnknownError as error:
                problem = problem or str(error)
        tunings = [step for step in steps if step.kind == "finetune"]
        parts = [self._plan.steps[key] for key in self._plan.models[name].parts.values()]
        sources = [self._facts.beginning(step) for step in parts]
        shape = next((source.shape for source in sources if source.shape), None)
        return ModelForecast(
            name=name,
            parameters=shape.parameters if shape else None,
            bytes_by_bits=precisions(shape.parameters) if shape else {},
            download_bytes=fetched,
            disk_bytes=kept,
            to_write_bytes=written,
            scratch_bytes=scratch,
            needs=tuple(sorted(needs.values(), key=lambda need: -need.bytes)),
            asking_seconds=self._timing.total(filter(self._is_open, cells)),
            tuning_seconds=self._timing.total(filter(self._is_open, tunings)),
            fits=_worst(needs.values(), bool(problem)),
            problem=problem,
            note="; ".join(dict.fromkeys(source.note for source in sources if source.note)),
        )

    def _need(self, step: Step) -> StepNeed | None:
        memory = self._needs.memory(step)
        if memory is None:
            return None
        free, done = self._facts.machine.free, not self._is_open(step)
        verdict = fits(free.shortage(memory))
        advice = remedy(step, memory, self._needs, free) if verdict == "no" and not done else ""
        what, resident, device = step.row.cost, memory.resident, memory.device
        assert what is not None
        return StepNeed(
            what, step.label, step.key, resident, device, done, verdict, advice, memory.devices
        )

    def _is_open(self, step: Step) -> bool:
        return (step.key, step.model, step.task) in self._todo


def totals(models: tuple[ModelForecast, ...], free: Free) -> Totals:
    """What models add up to."""
    to_write = sum(model.to_write_bytes for model in models)
    known = [model for model in models if not model.problem]
    times = [time for model in known for time in (model.asking_seconds, model.tuning_seconds)]
    left = [need for model in models for need in model.needs if not need.done]
    scratch = max((model.scratch_bytes for model in models), default=0)
    verdict = fits((to_write + scratch) / max(1, free.disk_bytes))
    certain = certainly_full(to_write, free)
    return Totals(
        download_bytes=sum(model.download_bytes for model in models),
        disk_bytes=sum(model.disk_bytes for model in models),
        to_write_bytes=to_write,
        scratch_bytes=scratch,
        disk_fits="no" if certain else verdict,
        seconds=added(times) if times else None,
        uncounted=tuple(model.name for model in models if model.problem),
        largest=max(left, key=lambda need: need.bytes, default=None),
    )


def certainly_full(to_write: int, free: Free) -> bool:
    """Whether the disk has no room for so many bytes, however far off they are."""
    return CERTAIN * to_write > free.disk_bytes


def _worst(needs: Iterable[StepNeed], unknown: bool) -> Fits:
    found = {need.fits for need in needs if not need.done} | ({"not known"} if unknown else set())
    return next((fits for fits in _WORST_FIRST if fits in found), "yes")
