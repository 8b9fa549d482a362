"""Cells whose task asks: each open prompt is answered, and the answers are scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.engines.answerer import Answerer
from harness.engines.endpoint.places import answers_folder
from harness.engines.endpoint.remembered import Remembering
from harness.metrics.score import open_scorers
from harness.models.adapter_card import adapter_facts
from harness.plan.cell_params import CellParams
from harness.records import ADAPTER, SERVED, USAGE, Cell, Sample
from harness.runner.cells.joined import asked_in_parts
from harness.runner.cells.lent import lent
from harness.runner.cells.scores import located_refs, scored, was_asked, without_own
from harness.runner.cells.work import CellWork, Means
from harness.runner.engine_files import endpoint_spec, engine_spec, serving_spec
from harness.runner.jobs import Pace, Progress, StepJob
from harness.suite.schema import TaskSpec
from harness.tasks.ask import ask
from harness.tasks.asking import Asking
from harness.tasks.prompts import PromptSet


class AskedWork(CellWork):
    """A sample for each prompt; own metrics are opened first, so that what is wrong shows early."""

    noun = "examples"

    def __init__(self, job: StepJob, spec: TaskSpec, means: Means) -> None:
        step = job.step
        self._job, self._spec, self._means = job, spec, means
        self._params = step.given(CellParams)
        self._scorers = open_scorers(located_refs(job), job.inputs, means.home)
        self.folder = means.results.cell(step.model, step.task)
        self.key = step.answers_key
        self._prompts = PromptSet.read(Path(job.inputs["prompts"]))
        self.total = len(self._prompts.prompts)
        self._before = self.folder.noted()
        self._kept: list[Sample] = []
        self._share = (0, 1)

    def keep(self, samples: Sequence[Sample]) -> list[Sample]:
        have = {sample.index for sample in samples}
        found = lent(self._job, self.folder, self._prompts, have)
        self._kept = without_own(self._spec, [*samples, *found.samples])
        if found.asked is not None and not was_asked(self._before, self._job.step):
            self._before = self._as_asked(found.asked)
        if not was_asked(self._before, self._job.step):
            self._before = asked_in_parts(self.folder, self._job.step, self.total)
        if not self.total:
            self._before = self._nothing()
        return [*self._kept, *without_own(self._spec, found.spare)]

    def _nothing(self) -> Cell:
        """What is noted of a cell that asks this model nothing, for which it need not be opened."""
        step = self._job.step
        return Cell(
            key=step.key, model=step.model, task=step.task, status="ok", answers=self.key,
            prompts=self._prompts.sha256(),
        )  # fmt: skip

    def _as_asked(self, lender: Cell) -> Cell:
        """What is noted of this cell where all its answers are another one's: its share of the time."""
        share = self.total / lender.n if lender.n else 0.0
        return lender.model_copy(
            update={
                "answers": self.key,
                "seconds": share * lender.seconds,
                "answered": None if lender.answered is None else round(share * lender.answered),
                "tokens": round(share * lender.tokens),
                "prompts": self._prompts.sha256(),
            }
        )

    @property
    def begun(self) -> int:
        return len(self._kept)

    @property
    def is_complete(self) -> bool:
        return self.begun == self.total and was_asked(self._before, self._job.step)

    def open(self) -> None:
        job, threads, halvings = self._job, self._means.threads, self._means.halvings
        params = self._params
        remote = endpoint_spec(params, self._means.home)
        if remote is not None and params.endpoint is not None:
            folder, says = answers_folder(self._means.home), params.endpoint.says
            remote = replace(remote, memory=Remembering(folder, says, job.fresh))
        served = remote or serving_spec(job, self._means)
        model = served or engine_spec("", job.inputs, params.options, threads, halvings)
        tokenizer = job.inputs.get("tokenizer", "")
        self._answerer = self._means.answerers.keep_open(model, tokenizer)
        self._reference = self._open_reference()
        self._computed = self._answerer.work.tokens

    def _open_reference(self) -> Answerer | None:
        options = self._params.reference_options
        if options is None:
            return None
        inputs = self._job.inputs
        means = self._means
        spec = engine_spec("reference.", inputs, options, means.threads, means.halvings)
        return self._means.answerers.open(spec, inputs["tokenizer"])

    @property
    def _done(self) -> frozenset[int]:
        """Indices of the prompts that are not asked."""
        return frozenset(sample.index for sample in self._kept)

    def samples(self) -> Iterator[Sample]:
        prompts, (share, shares) = self._prompts, self._share
        asking = Asking(
            key=self.key,
            answerer=self._answerer,
            prompts=prompts,
            done=self._done,
            reference=self._reference,
            share=share,
            shares=shares,
        )
        hashes = {prompt.index: prompts.sha256_of(prompt) for prompt in prompts.prompts}
        asked = {prompt.index: prompt for prompt in prompts.prompts}
        for sample in ask(self._spec, asking):
            used = self._answerer.usage(asked[sample.index])
            data = {**sample.data, USAGE: dict(used)} if used else sample.data
            yield sample.model_copy(update={"prompt": hashes[sample.index], "data": data})

    def pace(self, count: int, seconds: float) -> Pace:
        return Pace(count, self._answerer.work.tokens - self._computed, seconds)

    def close(self, count: int, seconds: float, earlier: Pace) -> None:
        if self._reference is not None:
            self._reference.close()
        step, answerer = self._job.step, self._answerer
        answered = count + earlier.examples
        self._before = Cell(
            key=step.key,
            model=step.model,
            task=step.task,
            status="ok",
            seconds=seconds + earlier.seconds,
            answered=answered if answered < self.total else None,
            tokens=answerer.work.tokens - self._computed + earlier.tokens,
            load_seconds=answerer.load_seconds,
            engine=asdict(answerer.info) | _adapter(self._job.inputs),
            footprint=asdict(answerer.footprint()),
            prompts=self._prompts.sha256(),
            details={SERVED: told} if (told := answerer.told()) else {},
        )

    def result(self, progress: Progress) -> Cell:
        assert self._before is not None, "neither asked now nor before"
        return scored(
            self._job, self._spec, self._scorers, self.folder, self._prompts, progress, self._before
        )


def _adapter(inputs: Mapping[str, str]) -> dict[str, Any]:
    """What the files of an unmerged adapter say of it."""
    place = inputs.get("adapter")
    if place is None or not (Path(place) / "adapter_config.json").is_file():
        return {}
    return {ADAPTER: adapter_facts(Path(place)).model_dump()}
