"""Times a model round by round: each in a process of its own, the last one writes the result."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import psutil

from harness.analysis.metrics import compute_metrics
from harness.analysis.speed import best_memory, figures, warnings
from harness.engines import open_engine
from harness.errors import BadDataError
from harness.metrics.registry import metrics_of
from harness.records import Cell, Sample, SpeedDetails, SpeedRound
from harness.results.store import CellFolder, ResultsStore
from harness.runner.engine_files import engine_spec
from harness.runner.jobs import Progress, StepJob
from harness.suite.schema import SpeedTask
from harness.tasks.speed import Round, encode_texts, measure, shapes


def run_round(job: StepJob, results: ResultsStore, threads: int, progress: Progress) -> None:
    """Times what falls to one round, and after the last one sums up all of them.

    Rounds that were finished before are kept; one that was interrupted is timed anew.
    """
    step = job.step
    spec = SpeedTask.model_validate(step.params["task"])
    folder, key = results.cell(step.model, step.task), str(step.settings["cell"])
    number = int(step.settings["round"])
    finished = folder.rounds(key)
    kept = [sample for sample in folder.samples(key) if sample.data.get("round") in finished]
    folder.start(kept)
    if number not in finished:
        which = Round(
            key, number, step.params["seed"], max((s.index for s in kept), default=-1) + 1
        )
        finished[number] = _time(job, spec, which, folder, threads, progress)
        folder.keep_round(finished[number])
    if step.kind == "cell":
        folder.finish(sum_up(job, spec, folder.samples(key), finished))


def _time(
    job: StepJob,
    spec: SpeedTask,
    which: Round,
    folder: CellFolder,
    threads: int,
    progress: Progress,
) -> SpeedRound:
    total = len(shapes(spec)) * spec.shares[which.number - 1]
    progress(0, total, "repetitions")
    model = engine_spec("", job.inputs, job.step.params["options"], threads)
    engine = open_engine(replace(model, timed=True))
    began, others = datetime.now(UTC).replace(microsecond=0), OtherPrograms()
    started = time.perf_counter()
    count = 0
    with folder.samples_file.open("a") as stream:
        for count, sample in enumerate(measure(spec, engine, which), start=1):
            stream.write(f"{sample.model_dump_json()}\n")
            stream.flush()
            progress(count, total, "repetitions")
    seconds, busy = time.perf_counter() - started, others.cores()
    encoding, footprint = encode_texts(engine), engine.footprint()
    # Last, since its buffer would count as the model's memory.
    stopwatch = engine.stopwatch()
    memory = stopwatch.memory()
    engine.close()
    return SpeedRound(
        key=which.key,
        number=which.number,
        samples=count,
        started=began,
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
    )


def sum_up(
    job: StepJob, spec: SpeedTask, samples: Sequence[Sample], finished: dict[int, SpeedRound]
) -> Cell:
    """The cell of all its rounds.

    Raises:
        BadDataError: a round is missing.
    """
    step = job.step
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
        model=step.model,
        task=step.task,
        status="ok",
        n=spec.repetitions,
        seconds=sum(one.seconds for one in rounds),
        load_seconds=extras["load_seconds"],
        metrics=compute_metrics(metrics_of("speed"), samples, step.params["seed"], extras=extras),
        engine=rounds[-1].engine,
        footprint=footprint,
        details={"speed": details.model_dump(mode="json")},
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
