"""The worker process: `python -m harness.runner.worker` does one job, and says how it goes.

It reads a job as a line of standard input and writes events as lines of what was standard output;
whatever libraries print goes to the log. When its standard input closes, its parent is gone, and
so is it; where the kernel can, it ends it even in the middle of native code.
"""

from __future__ import annotations

import os

from harness.parent import die_with_parent

if __name__ == "__main__":
    # Before anything is imported that takes long: it would outlive a run that is ended meanwhile.
    die_with_parent(os.getppid())

import sys
import threading
import time
import traceback
from dataclasses import asdict
from functools import partial
from typing import TextIO

from harness.concealed import concealed
from harness.disk import disk_fault
from harness.engines.oom import SMALLER, reports_out_of_memory
from harness.errors import HarnessError, KilledError, OutOfMemoryError
from harness.runner.jobs import Event, Job, Pace

PROGRESS_SECONDS = 0.2
"""At most so often a step's progress is told."""


class Reporter:
    """Writes events; one line each, flushed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = 0.0

    def tell(self, step: str, event: str, **data: object) -> None:
        """Any event."""
        line = Event(step, event, data).to_json()  # type: ignore[arg-type]
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def waits(self, step: str, who: str) -> None:
        """That a step waits for another process, or, for nobody, that it goes on."""
        self.tell(step, "waits", message=who and f"for {who}")

    def progress(
        self, step: str, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        """How far a step is; passed over where the last was told just before."""
        now = time.monotonic()
        if done >= total or now - self._told >= PROGRESS_SECONDS:
            self._told = now
            more = {"pace": asdict(pace)} if pace is not None else {}
            self.tell(step, "progress", done=done, total=total, unit=unit, **more)


def main() -> int:
    """Does the job on standard input; steps after a parent that failed are left alone."""
    die_with_parent(os.getppid())
    stream = own_output()
    line = sys.stdin.readline()
    if not line:
        return 1
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = Job.from_json(line)
    reporter = Reporter(stream)
    from harness.runner.step_runner import StepRunner

    runner = StepRunner(job)
    failed: set[str] = set()
    for one in job.steps:
        key = one.step.key
        if failed & one.step.needs:
            failed.add(key)
            continue
        reporter.tell(key, "start")
        try:
            runner.do(
                one,
                lambda *how, key=key: reporter.progress(key, *how),
                partial(reporter.waits, key),
            )
        except HarnessError as error:
            traceback.print_exc()
            failed.add(key)
            failure = {"kind": error.kind, "message": error.message, "hint": error.hint}
            if isinstance(error, KilledError):
                # A process that the step had started was ended: as if this one had been.
                reporter.tell(key, "died", **failure)
                break
            reporter.tell(key, "failed", **failure)
        except Exception as error:  # the process's boundary: what is unforeseen is reported as such
            failed.add(key)
            traceback.print_exc()
            reporter.tell(key, "failed", **unforeseen(error))
        else:
            reporter.tell(key, "done")
    runner.close()
    return 0


def own_output() -> TextIO:
    """What was standard output, for lines to the parent; what libraries print goes to the log."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream


def unforeseen(error: Exception) -> dict[str, str]:
    """Kind, message and hint of an error that is none of ours."""
    if reports_out_of_memory(error):
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        message = concealed(f"memory ran out: {said}")
        return {"kind": OutOfMemoryError.kind, "message": message, "hint": SMALLER}
    if isinstance(error, OSError) and (fault := disk_fault(error)) is not None:
        return {"kind": "disk-full", "message": fault[0], "hint": fault[1]}
    message = concealed(f"{type(error).__name__}: {error}")
    return {"kind": "error", "message": message, "hint": "The worker's log has the traceback."}


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
