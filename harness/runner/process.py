"""A worker process, seen from its parent: starts it, hears its events, ends it in time."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from harness.errors import CrashError, HarnessError, OutOfMemoryError, StepTimeoutError
from harness.records import Failure
from harness.runner.jobs import Event, Job

POLL_SECONDS = 0.5
SPIN_COUNT = 600
"""Turns of the loop, some 20 µs in all, that a thread waits for others before it sleeps."""
ROUTINES = 64
"""Sizes of product that oneDNN, and ideep above it, keep a routine for (their default is 1,024)."""
QUIET_SECONDS = 30.0
"""How long a worker may take to begin its first step, and to end after its last."""


def run_job(
    job: Job,
    log: Path,
    timeout_seconds: float,
    hear: Callable[[Event], None],
    stop: threading.Event,
) -> None:
    """Runs a job in a process of its own until it ends.

    Every step that was started is answered with one `done` or `failed` event, also when the
    process dies or takes too long; steps that were not started are not mentioned.

    Args:
        job: what to do.
        log: where what the process prints goes.
        timeout_seconds: for each step.
        hear: called with each event, in this thread.
        stop: when set, the process is killed and this returns.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.runner.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            env=environment(job),
            start_new_session=True,
        )
    try:
        _send(process, job)
        _listen(process, timeout_seconds, hear, stop, log)
    finally:
        _kill(process)


def environment(job: Job) -> dict[str, str]:
    """Workers that do not download stay off the network, and all take no more threads than they were given.

    Routines for products are kept for a bounded number of sizes, since every batch has its own: over
    10,000 examples they would take 250 MB. Threads that wait for each other soon go to sleep (see docs/decisions.md), but not where time is
    measured: there they wait as they would for any other program.
    """
    settings = {
        **({} if job.network else {"HF_HUB_OFFLINE": "1"}),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(ROUTINES),
        "LRU_CACHE_CAPACITY": str(ROUTINES),
    }
    if not job.alone:
        settings |= {"GOMP_SPINCOUNT": str(SPIN_COUNT), "KMP_BLOCKTIME": "1"}
    if job.threads:
        settings["OMP_NUM_THREADS"] = str(job.threads)
    return {**os.environ, **settings}


def _send(process: subprocess.Popen[bytes], job: Job) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(f"{job.to_json()}\n".encode())
        process.stdin.flush()
    except BrokenPipeError:
        return


def _listen(
    process: subprocess.Popen[bytes],
    timeout_seconds: float,
    hear: Callable[[Event], None],
    stop: threading.Event,
    log: Path,
) -> None:
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    current, deadline = "", time.monotonic() + max(timeout_seconds, QUIET_SECONDS)
    while not stop.is_set():
        try:
            line = lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if time.monotonic() > deadline:
                if current:
                    hear(_failed(current, _too_slow(timeout_seconds)))
                return
            continue
        if line is None:
            break
        event = Event.from_json(line)
        hear(event)
        if event.event == "start":
            current, deadline = event.step, time.monotonic() + timeout_seconds
        elif event.event != "progress":
            current, deadline = "", time.monotonic() + QUIET_SECONDS
    if current and not stop.is_set():
        hear(_failed(current, _death(process.wait(), log)))


def _read(stream: IO[bytes], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line.decode())
    lines.put(None)


def _failed(step: str, error: HarnessError) -> Event:
    failure = Failure(kind=error.kind, message=error.message, hint=error.hint)
    return Event(step, "failed", failure.model_dump())


def _too_slow(timeout_seconds: float) -> HarnessError:
    return StepTimeoutError(
        f"stopped after {timeout_seconds:g} seconds",
        "Raise `defaults.timeout` in the suite, or lower `limit`.",
    )


def _death(code: int, log: Path) -> HarnessError:
    """What a process's end without an answer most likely means."""
    if code == -signal.SIGKILL:
        return OutOfMemoryError(
            "the worker was killed by the system, most likely because memory ran out",
            "Take a smaller model or quantization, or a machine with more memory.",
        )
    how = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
    return CrashError(f"the worker process ended with {how}", f"Its log is {log}.")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and what it started, and reaps it."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
