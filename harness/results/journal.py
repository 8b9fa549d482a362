"""The journal of a run, `run.jsonl` beside the results: what is to be done, and what happened to it.

A line an event, only ever appended to while the run holds the file's lock; so whoever watches reads what is
new, and knows by the lock whether anybody is still at work.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.files import move_folder_aside

JOURNAL = "run.jsonl"
HEAD = 48
"""So many bytes hold the moment at which a run began."""
TRIES, TRY_SECONDS = 20, 0.005
State = Literal["waits", "runs", "done", "failed"]


@dataclass(frozen=True)
class StepState:
    """A step of a run, and how far it is."""

    label: str
    kind: str = ""
    model: str = ""
    task: str = ""
    counted: bool = True
    """Whether it is one of those that the run counts; what only has to be looked at is not."""
    state: State = "waits"
    begun: float = 0.0
    """Seconds since 1970; 0 where it has not."""
    ended: float = 0.0
    done: int = 0
    total: int = 0
    unit: str = ""
    pace: str = ""
    """How fast, in words."""
    message: str = ""
    """Why it failed."""
    hint: str = ""


@dataclass(frozen=True)
class RunState:
    """What a journal says of a run so far."""

    began: float = 0.0
    """Seconds since 1970."""
    ended: float = 0.0
    """0 where the run has not said so."""
    steps: tuple[StepState, ...] = ()
    there: tuple[tuple[str, str], ...] = ()
    """Models and tasks of cells that were answered before."""

    def of(self, *states: State) -> list[StepState]:
        """The steps of some states, those alone that are counted, and all that failed."""
        return [
            step for step in self.steps if step.state in states and (step.counted or step.message)
        ]


class JournalWriter:
    """Writes the journal of one run; a second run of the same results meanwhile writes none."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Begins a new one.

        Args:
            folder: results/<suite>, made where it is not there.
            clock: seconds since 1970.
        """
        folder.mkdir(parents=True, exist_ok=True)
        move_folder_aside(folder / JOURNAL)
        self._clock = clock
        self._file: int | None = os.open(
            folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644
        )
        if _locked(self._file):
            os.ftruncate(self._file, 0)
        else:
            os.close(self._file)
            self._file = None

    def began(self, steps: Iterable[StepState], there: Sequence[tuple[str, str]]) -> None:
        """Names all steps, whose places the following events give, and the cells that are there already."""
        told = [
            {k: v for k, v in asdict(step).items() if v} | {"counted": step.counted}
            for step in steps
        ]
        self.tell("began", steps=told, there=list(there))

    def tell(self, event: str, **data: Any) -> None:
        """One event, with its time; no run fails for a disk that has no room for it."""
        if self._file is not None:
            line = json.dumps({"event": event, "at": round(self._clock(), 3), **data})
            with suppress(OSError):
                os.write(self._file, line.encode() + b"\n")

    def close(self) -> None:
        """Ends the journal; the run may have been interrupted."""
        if self._file is not None:
            self.tell("ended")
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    """Takes the lock; a reader may hold it for the moment in which it looks whether a run does."""
    for _ in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(TRY_SECONDS)
        else:
            return True
    return False


@dataclass
class JournalReader:
    """Follows the journal of a results folder, and reads only what is new."""

    folder: Path
    state: RunState = field(default_factory=RunState)
    _steps: list[StepState] = field(default_factory=list)
    _read: int = 0
    _head: bytes = b""

    @property
    def is_running(self) -> bool:
        """Whether a run of these results is at work, on this machine."""
        try:
            descriptor = os.open(self.folder / JOURNAL, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def look(self) -> bool:
        """Takes what was written since; whether anything was."""
        try:
            with (self.folder / JOURNAL).open("rb") as file:
                head = file.read(HEAD)
                shorter = os.fstat(file.fileno()).st_size < self._read
                if shorter or not head.startswith(self._head):  # another run has begun
                    self._read, self._steps, self.state = 0, [], RunState()
                self._head = head
                file.seek(self._read)
                new = file.read()
        except OSError:
            return False
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, IndexError):
                continue
        self.state = replace(self.state, steps=tuple(self._steps))
        return bool(whole)

    def _take(self, told: dict[str, Any]) -> None:
        at = float(told["at"])
        match told["event"]:
            case "began":
                self._steps = [StepState(**step) for step in told["steps"]]
                self.state = RunState(began=at, there=tuple((m, t) for m, t in told["there"]))
            case "ended":
                self.state = replace(self.state, ended=at)
            case "started":
                self._change(told, state="runs", begun=at)
            case "progress":
                self._change(told, **{k: told[k] for k in ("done", "total", "unit", "pace")})
            case "done":
                self._change(told, state="done", ended=at)
            case "failed":
                more = {"message": str(told["message"]), "hint": str(told["hint"])}
                self._change(told, state="failed", ended=at, **more)

    def _change(self, told: dict[str, Any], **fields: Any) -> None:
        place = told["step"]
        self._steps[place] = replace(self._steps[place], **fields)
