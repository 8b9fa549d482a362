"""Cells whose task puts a server under load: level by level, and all of them summed up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from harness.analysis.load import knee, levels_of
from harness.analysis.metrics import compute_metrics
from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.protocol import EngineInfo, Footprint
from harness.errors import BadDataError
from harness.metrics.registry import metrics_of
from harness.metrics.requests import FACTS, LEVEL
from harness.plan.cell_params import CellParams
from harness.records import LOAD, Cell, LoadDetails, LoadLevel, Sample, Value
from harness.runner.cells.work import CellWork, Means
from harness.runner.engine_files import endpoint_spec, serving_spec
from harness.runner.jobs import Pace, Progress, StepJob
from harness.runner.machine import describe_machine
from harness.serving.spec import started_words
from harness.suite.schema import LoadTask
from harness.tasks.load.measure import Open, measure
from harness.tasks.load.ready import Ready
from harness.version import __version__


class LoadWork(CellWork):
    """A level that was measured whole is kept, one that was interrupted is measured anew."""

    noun = "requests"

    def __init__(self, job: StepJob, spec: LoadTask, means: Means) -> None:
        step = job.step
        self._job, self._spec, self._means = job, spec, means
        self._params = step.given(CellParams)
        self.folder = means.results.cell(step.model, step.task)
        self.key = self._params.cell
        self.total = len(spec.levels) * (spec.requests + 1)
        self._kept: list[Sample] = []
        self._seconds = 0.0

    def keep(self, samples: Sequence[Sample]) -> list[Sample]:
        whole = {of.data[LEVEL] for of in samples if FACTS in of.data}
        self._kept = [of for of in samples if of.data.get(LEVEL) in whole]
        return self._kept

    @property
    def begun(self) -> int:
        return self.total if self.is_complete else len(self._kept)

    @property
    def is_complete(self) -> bool:
        return not self._left()

    def _left(self) -> tuple[int, ...]:
        done = {of.data[LEVEL] for of in self._kept}
        return tuple(number for number in range(len(self._spec.levels)) if number not in done)

    def open(self) -> None:
        served = endpoint_spec(self._params, self._means.home) or self._started()
        self._ready = Ready(self._spec, served, self._params.seed)

    def _started(self) -> EndpointSpec:
        """The server that is started for the model, once it runs."""
        serving = serving_spec(self._job, self._means)
        if serving is None:
            raise BadDataError(
                "Only a served model is put under load.", "Name one with `endpoint` or `serve`."
            )
        answerer = self._means.answerers.keep_open(serving, "")
        assert isinstance(answerer, EndpointAnswerer)
        return answerer.spec

    def samples(self) -> Iterator[Sample]:
        sent = sum(FACTS not in of.data for of in self._kept)
        levels = levels_of(self._spec, self._kept)
        failed = frozenset(level.loop for level in levels if _failed(self._spec, level))
        index = max((of.index for of in self._kept), default=-1) + 1
        left = Open(self.key, self._left(), index, sent, failed)
        try:
            yield from measure(self._spec, self._ready, left)
        finally:
            self._ready.close()

    def close(self, count: int, seconds: float, earlier: Pace) -> None:
        self._seconds = seconds

    def result(self, progress: Progress) -> Cell:
        return sum_up(self._job, self._spec, self.folder.samples(self.key), self._seconds)


def _failed(task: LoadTask, level: LoadLevel) -> bool:
    return level.failed > task.max_errors * level.requests


def sum_up(job: StepJob, task: LoadTask, samples: Sequence[Sample], seconds: float) -> Cell:
    """The cell of all its levels.

    Args:
        job: of the cell.
        task: as the suite has it.
        samples: of every request, and of every level.
        seconds: that sending took; 0 where it was all done before.
    """
    step, params = job.step, job.step.given(CellParams)
    served, started = params.endpoint, params.serving
    host = started_words(started.server) if started else ""
    requests = [of for of in samples if FACTS not in of.data]
    facts = [of.data[FACTS] for of in samples if FACTS in of.data]
    levels = levels_of(task, samples)
    knees = [found for loop in ("closed", "open") if (found := knee(loop, levels)) is not None]
    once = {
        name: value for name, value in _over_levels(task, levels).items() if value.value is not None
    }
    once |= {
        f"knee_{'concurrency' if of.loop == 'closed' else 'rate'}": Value(value=of.load)
        for of in knees
    }
    extras = {name: of.value for name, of in once.items() if of.value is not None}
    metrics = compute_metrics(metrics_of(task.type), samples, params.seed, extras=extras)
    read = [of.data["prompt_tokens"] or 0 for of in requests]
    written = [of.data["new_tokens"] for of in requests]
    details = LoadDetails(
        host=urlsplit(served.url).netloc if served else host,
        model=served.model if served else step.model,
        api=served.api if served else started.api if started else "",
        levels=levels,
        knees=knees,
        counted="+".join(sorted({of.data["counted"] for of in requests if not of.data["error"]})),
        streamed=all(of.data["streamed"] for of in requests if not of.data["error"]),
        refused=sorted({name for of in facts for name in of.get("refused", ())}),
        repeating=any(of.get("repeating") for of in facts),
        tokens=sum(read) + sum(written),
        failure=next((str(of.data["said"]) for of in requests if of.data["error"]), ""),
    )
    return Cell(
        key=step.key,
        alike=job.alike,
        model=step.model,
        task=step.task,
        status="ok",
        n=len(requests),
        seconds=seconds or sum(of.seconds for of in levels),
        tokens=details.tokens,
        metrics=metrics | once,
        footprint=asdict(Footprint(0, 0, 0)),
        engine=asdict(EngineInfo("endpoint", __version__, device=details.host)),
        details={LOAD: details.model_dump(mode="json")},
        machine=describe_machine(),
    )


def _over_levels(task: LoadTask, levels: Sequence[LoadLevel]) -> dict[str, Value]:
    """What the server does at most, at levels that did not fail, and how much came to nothing."""
    run = [of for of in levels if of.requests]
    sound = [of for of in run if not _failed(task, of)] or run
    sent = sum(of.requests for of in run)
    found = {
        "peak_output_tokens_per_second": _most([of.tokens_per_second for of in sound]),
        "peak_requests_per_second": _most([of.requests_per_second for of in sound]),
        "failed_requests": Value(value=sum(of.failed for of in run) / sent if sent else None),
    }
    if task.within is not None:
        good = max((of.goodput for of in sound if of.goodput is not None), default=None)
        found["goodput_requests_per_second"] = Value(value=good)
    return found


def _most(values: Sequence[Value]) -> Value:
    found = max(values, key=lambda of: of.value or 0.0, default=Value(value=None))
    return found.model_copy(update={"n": None})
