"""Shows a run while it goes: the step, its examples, the time left; plain lines without a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import TaskID

from harness.cli.bars import Bars
from harness.cli.consoles import say
from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.jobs import Pace
from harness.runner.paces import rates
from harness.runner.walk import Word

QUIET_SECONDS = 60.0
"""Where nobody sees a bar (in a pipe), how long a step goes on without a line that says where it is."""
BEAT_SECONDS = 2.0
"""How often that is looked at."""


class Display:
    """A `harness.runner.walk.Observer` that writes to the terminal (standard error)."""

    def __init__(
        self,
        console: Console,
        steps: int,
        clock: Callable[[], float] = time.monotonic,
        afterwards: str = "Comparing the answers and judging gates",
    ) -> None:
        """Prepares the display.

        Args:
            steps: how many there are.
            clock: tells seconds.
            afterwards: what is done when all of them have ended.
        """
        self._afterwards = afterwards
        self._clock = clock
        self._console = console
        self._steps = steps
        self._ended = 0
        self._since: dict[int, float] = {}
        self._told: dict[int, float] = {}
        self._rows: dict[int, TaskID] = {}
        self._paces: dict[int, str] = {}
        self._open: dict[int, Step] = {}
        self._at: dict[int, str] = {}
        """What was last heard of how far an open step is."""
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._idle_since: float | None = None
        self._progress = Bars(console)
        self._all = self._progress.add_task("all steps", total=steps, unit="steps", pace="")

    def __enter__(self) -> Display:
        if self._console.is_interactive:
            self._progress.start()
        else:
            threading.Thread(target=self._beats, daemon=True).start()
        return self

    def _beats(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self.beat()

    def beat(self) -> None:
        """Says where steps are that nothing was said of for long, where nobody sees a bar."""
        with self._lock:
            self._beat(self._clock())

    def _beat(self, now: float) -> None:
        for key, step in list(self._open.items()):
            if now - self._told.get(key, now) >= QUIET_SECONDS:
                self._told[key] = now
                where = self._at.get(key, "")
                self._say(step, "at", f"  ({where})" if where else "")
        if self._idle_since is not None and now - self._idle_since >= BEAT_SECONDS:
            self._idle_since = now + QUIET_SECONDS
            say(self._console, f"{self._afterwards} …")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if (
            self._console.is_interactive
        ):  # elsewhere it was not begun, and would leave an empty line
            self._progress.stop()

    def started(self, step: Step) -> None:
        self._since[id(step)] = self._told[id(step)] = self._clock()
        self._open[id(step)] = step
        self._rows[id(step)] = self._progress.add_task(step.label, total=None, unit="", pace="")

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        row = self._rows[id(step)]
        if pace is not None:
            self._paces[id(step)] = rates(pace, unit)
        shown = self._paces.get(id(step), "")
        self._progress.update(row, completed=done, total=total, unit=unit, pace=shown)
        where = f"{done:,} of {total:,} {unit}"
        self._at[id(step)] = ", ".join(filter(None, (where, shown)))
        if not self._console.is_interactive:
            self.beat()

    def noted(self, step: Step, word: Word, why: str) -> None:
        if word == "again":
            self._forget(step)
        if why:
            self._told[id(step)] = self._clock()
            self._say(step, word, f": {why}")

    def finished(self, step: Step) -> None:
        pace = self._paces.pop(id(step), "")
        self._end(step, "done", f"  ({pace})" if pace else "")

    def failed(self, step: Step, failure: Failure) -> None:
        self._end(step, "FAILED", f": {failure.message}")

    def _end(self, step: Step, word: str, rest: str) -> None:
        self._ended += not step.row.in_place
        self._forget(step)
        if self._ended == self._steps and not self._open:
            self._idle_since = self._clock()
        self._progress.update(self._all, completed=self._ended)
        self._say(step, word, rest)
        self._since.pop(id(step), None)

    def _forget(self, step: Step) -> None:
        """It is not under way any more."""
        self._open.pop(id(step), None)
        self._at.pop(id(step), None)
        row = self._rows.pop(id(step), None)
        if row is not None:
            self._progress.remove_task(row)

    def _say(self, step: Step, word: str, rest: str) -> None:
        since = self._since.get(id(step))
        took = f" {self._clock() - since:6.1f} s" if since is not None else " " * 9
        line = f"[{self._ended:>2}/{self._steps}]{took}  {word:<6}  {step.label}{rest}"
        say(self._console, line)
