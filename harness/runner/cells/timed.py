"""Cells whose task times: round by round, each in a process of its own; the last one sums up."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import psutil

from harness.analysis.metrics import compute_metrics
from harness.analysis.speed import best_memory, figures, warnings
from harness.engines import open_engine
from harness.errors import BadDataError
from harness.metrics.registry import metrics_of
from harness.plan.cell_params import CellParams
from harness.records import Cell, Sample, SpeedDetails, SpeedRound
from harness.runner.cells.work import CellWork, Means
from harness.runner.engine_files import engine_spec
from harness.runner.jobs import Pace, Progress, StepJob
from harness.runner.machine import describe_machine
from harness.suite.schema import SpeedTask
from harness.tasks.speed import Round, encode_texts, measure, shapes


class TimedWork(CellWork):
    """What falls to one round. Rounds that were finished are kept, one that was interrupted is timed
    anew; only the last one, which is the cell itself, has a result."""

    noun = "repetitions"

    def __init__(self, job: StepJob, spec: SpeedTask, means: Means) -> None:
        step = job.step
        self._job, self._spec, self._threads = job, spec, means.threads
        self._params = step.given(CellParams)
        self.folder = means.results.cell(step.model, step.task)
        self.key, self._number = self._params.cell, self._params.round
        self.total = len(shapes(self._spec)) * self._spec.shares[self._number - 1]
        self._finished = self.folder.rounds(self.key)
        self._first_index = 0

    def keep(self, samples: Sequence[Sample]) -> list[Sample]:
        kept = [sample for sample in samples if sample.data.get("round") in self._finished]
        self._first_index = max((sample.index for sample in kept), default=-1) + 1
        return kept

    @property
    def begun(self) -> int:
        return self.total if self.is_complete else 0

    @property
    def is_complete(self) -> bool:
        return self._number in self._finished

    def open(self) -> None:
        model = engine_spec("", self._job.inputs, self._params.options, self._threads)
        self._engine = open_engine(replace(model, timed=True))
        self._began, self._others = datetime.now(UTC).replace(microsecond=0), OtherPrograms()

    def samples(self) -> Iterator[Sample]:
        seed = self._params.seed
        return measure(
            self._spec, self._engine, Round(self.key, self._number, seed, self._first_index)
        )

    def close(self, count: int, seconds: float, earlier: Pace) -> None:
        engine, busy = self._engine, self._others.cores()
        encoding, footprint = encode_texts(engine), engine.footprint()
        # Last, since its buffer would count as the model's memory.
        stopwatch = engine.stopwatch()
        memory = stopwatch.memory()
        engine.close()
        timed = SpeedRound(
            key=self.key,
            number=self._number,
            samples=count,
            started=self._began,
            seconds=seconds,
            load_seconds=engine.load_seconds,
            engine=asdict(engine.info),
            settings=stopwatch.settings,
            footprint=asdict(footprint),
            memory_bytes_per_second=memory.bytes_per_second,
            cache_bytes=memory.cache_bytes,
            encoded_tokens=encoding.tokens,
            encode_seconds=encoding.seconds,
            cores=psutil.cpu_count() or 1,
            others_cores=busy,
            machine=describe_machine(),
        )
        self.folder.keep_round(timed)
        self._finished[self._number] = timed

    def result(self, progress: Progress) -> Cell | None:
        if self._job.step.kind != "cell":
            return None
        return sum_up(self._job, self._spec, self.folder.samples(self.key), self._finished)


def sum_up(
    job: StepJob, spec: SpeedTask, samples: Sequence[Sample], finished: dict[int, SpeedRound]
) -> Cell:
    """The cell of all its rounds.

    Raises:
        BadDataError: a round is missing.
    """
    step, seed = job.step, job.step.given(CellParams).seed
    missing = [str(n) for n in range(1, len(spec.shares) + 1) if n not in finished]
    if missing:
        raise BadDataError(
            f"Round {missing[0]} of {step.model}/{step.task} was not timed.", "Run the suite again."
        )
    rounds = [finished[number] for number in sorted(finished)]
    found = figures(samples, rounds)
    loads = [one.load_seconds for one in rounds]
    footprint = {name: max(one.footprint[name] for one in rounds) for name in rounds[0].footprint}
    extras = {
        "load_seconds": statistics.median(loads),
        "peak_bytes": float(footprint["peak_device_bytes"] or footprint["peak_resident_bytes"]),
        "tokenizer_tokens_per_second": sum(one.encoded_tokens for one in rounds)
        / sum(one.encode_seconds for one in rounds),
    }
    share = next(one.share for one in found if one.headline and one.phase == "decode")
    if share is not None:
        extras["roofline_share"] = share
    details = SpeedDetails(
        shapes=found,
        settings=rounds[-1].settings,
        started=[one.started for one in rounds],
        load_seconds=loads,
        memory_bytes_per_second=best_memory(rounds),
        cache_bytes=max(one.cache_bytes for one in rounds),
        warnings=warnings(found, rounds),
    )
    return Cell(
        key=step.key,
        alike=job.alike,
        model=step.model,
        task=step.task,
        status="ok",
        n=spec.repetitions,
        seconds=sum(one.seconds for one in rounds),
        load_seconds=extras["load_seconds"],
        metrics=compute_metrics(metrics_of(spec.type), samples, seed, extras=extras),
        engine=rounds[-1].engine,
        footprint=footprint,
        details={"speed": details.model_dump(mode="json")},
        machine=rounds[-1].machine,
    )


class OtherPrograms:
    """How busy this machine is with what is not this process, from now on.

    Time that a hypervisor gave to others counts too.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._began = self._seconds()

    def cores(self) -> float:
        """Cores that others kept busy on average."""
        elapsed, busy = (
            now - before for now, before in zip(self._seconds(), self._began, strict=True)
        )
        return max(0.0, busy / elapsed) if elapsed else 0.0

    def _seconds(self) -> tuple[float, float]:
        """The clock, and the processor time of all programs but this one."""
        machine: dict[str, Any] = psutil.cpu_times()._asdict()
        busy = sum(
            machine.get(kind, 0.0)
            for kind in ("user", "nice", "system", "irq", "softirq", "steal", "interrupt", "dpc")
        )
        own = self._process.cpu_times()
        return time.perf_counter(), busy - own.user - own.system
