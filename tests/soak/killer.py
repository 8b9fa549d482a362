"""Kills runs at random moments of every phase, each phase as often as any other."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.soak.forked import ForkedRun
from tests.soak.runs import LONGEST_SECONDS, Place

LOOK_SECONDS = 0.02
WITHIN = 0.8
"""Kills fall within that part of what a phase took undisturbed, or many would come after it."""
MOST_WRITES = 16
"""Calls that put something on disk, of which one may be the last of a process."""
STARTING, WRITING, REPORTING = "starting", "writing", "reporting"
PHASE_OF = {
    "finetune": "fine-tuning",
    "merge": "merging",
    "convert": "converting",
    "quantize": "quantizing",
    "cell speed": "timing",
    "cell": "asking",
    "precision": "asking",
    "floors": "asking",
}
"""By kind of step (and the task of those that time); what is not here prepares."""
ORDER = (
    STARTING, "preparing", "fine-tuning", "merging", "converting", "quantizing", "timing", REPORTING,
)  # fmt: skip
"""In which phases come; `asking` and `writing` go on beside most of them."""
SHARE = {STARTING: 2, "asking": 6} | dict.fromkeys((*ORDER[1:], WRITING), 4)
"""How often one run has to live through a kill in each phase."""


@dataclass(frozen=True)
class Now:
    """What a run is at."""

    phases: frozenset[str]
    """Of the steps that are open, or what comes before and after all steps."""
    to_come: frozenset[str] | None
    """Phases of the steps that are open or wait; None before that is known."""


@dataclass
class Killer:
    """Ends runs at moments that a seed decides, and notes at what they were.

    Attributes:
        seed: of the moments and of who is killed.
        seconds: by phase how long the longest step of it, or all that comes before or after, took in an
            undisturbed run.
    """

    seed: int
    seconds: dict[str, float] = field(default_factory=dict)
    phases: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    _run: ForkedRun | None = None
    _open: Counter[str] = field(default_factory=Counter)
    """Kills that this place has still to have."""
    _most: int = 0
    _started: float = 0.0
    _lost: int = 0
    """Workers that the run which goes on has lost."""
    _is_over: bool = False
    """Whether nothing is left to do in the place but what comes after the steps."""
    _is_done: bool = False
    """Whether a run came to its end."""

    @property
    def kills(self) -> int:
        """So far."""
        return self.targets.total()

    def __post_init__(self) -> None:
        self._chooser = random.Random(self.seed)

    def begin(self, most: int) -> None:
        """With another place, where nothing is done yet, and so many kills at most."""
        self._run, self._is_over, self._is_done = None, False, False
        self._open = Counter(SHARE)
        self._most = self.kills + most

    @property
    def is_through(self) -> bool:
        """Whether this place has had its kills, as far as its phases came: where it is over, only reporting comes again."""
        is_over = self._is_over and self._open[REPORTING] <= 0
        return self.kills >= self._most or not +self._open or self._is_done or is_over

    def disturb(self, place: Place) -> None:
        """Has a run be killed a random while after a phase began that has still to be: its parent, a worker, the
        converter, or all at once.

        A run that only lost a worker goes on, and is the next to be killed.
        """
        if self._is_writings_turn():
            self._dies_by_itself(place)
            return
        run = self._going(place)
        wanted, due = "", float("inf")
        if self._is_over:  # nothing is left but to sum up and report
            span = self.seconds[STARTING] + self.seconds[REPORTING]
            wanted, due = REPORTING, time.monotonic() + self._chooser.uniform(0.0, WITHIN * span)
        while time.monotonic() < due:
            if run.poll() is not None:
                self._ended(run, place)
                return
            if not wanted:
                now = at(place)
                wanted = self._chosen(now)
                if wanted:
                    self._learn(place)
                    span = self.seconds.get(wanted, 2.0)
                    due = time.monotonic() + self._chooser.uniform(0.0, WITHIN * span)
            time.sleep(LOOK_SECONDS)
        self._learn(place)
        phases = at(place).phases
        target = self._chooser.choice(("parent", "worker", "group", "child", "all"))
        if not self._kill(target, run, place):
            target = "parent"
            run.kill()
        self._is_over = self._is_over or REPORTING in phases
        hit = wanted if wanted in phases else min(phases)
        self._note(REPORTING if self._is_over else hit, target)
        if target not in ("worker", "child"):
            self.let_end()

    def _chosen(self, now: Now) -> str:
        """The phase that is open and had the fewest kills; "" while none is whose turn it is.

        What asks is open beside most others, and waits for those that are still to come.
        """
        possible = now.phases | (now.to_come or frozenset(ORDER))
        ahead = [of for of in ORDER if self._open[of] > 0 and (of in possible or of == REPORTING)]
        open_now = [of for of in ahead if of in now.phases]
        rarest = min((self.phases[of] for of in ahead), default=self.phases["asking"])
        if "asking" in now.phases and self._open["asking"] > 0 and self.phases["asking"] <= rarest:
            open_now.append("asking")
        return min(open_now, key=lambda of: self.phases[of], default="")

    def _is_writings_turn(self) -> bool:
        others = [self.phases[of] for of in SHARE if of != WRITING and self._open[of] > 0]
        is_rare = self.phases[WRITING] <= min(others, default=0)
        return self._open[WRITING] > 0 and is_rare and not self._is_over and self._run is None

    def _ended(self, run: ForkedRun, place: Place) -> None:
        """A run came to its end before it was killed; one that lost the worker of a step twice says that it failed,
        and the next does the step."""
        failed = run.returncode == 1 and self._lost > 1
        assert failed or run.returncode == 0, (place.folder / "said.log").read_text()[-3000:]
        self._run, self._is_done = None, not failed

    def _learn(self, place: Place) -> None:
        """Takes the shortest time that a phase took, since other programs slow some runs down."""
        for phase, took in durations(place, self._started, 0.0).items():
            if phase != REPORTING:
                self.seconds[phase] = min(took, self.seconds.get(phase, took))

    def let_end(self) -> None:
        """Waits for the run that only lost a worker."""
        if self._run is not None:
            self._run.wait(LONGEST_SECONDS)
            self._run = None

    def _going(self, place: Place, dies_at: int | None = None) -> ForkedRun:
        """The run that goes on, or else a new one."""
        if self._run is None or self._run.poll() is not None:
            self._lost, self._started = 0, time.time()
            (place.results / "run.jsonl").unlink(missing_ok=True)  # that of the run before
            self._run = place.start(dies_at)
        return self._run

    def _dies_by_itself(self, place: Place) -> None:
        """Has the first process end itself that comes to its n-th call which puts something on disk."""
        place.died.unlink(missing_ok=True)
        run = self._going(place, self._chooser.randrange(1, MOST_WRITES))
        while not place.died.exists():
            if run.poll() is not None:
                self._ended(run, place)
                return
            time.sleep(LOOK_SECONDS)
        is_parent = place.died.read_text() == str(run.pid)
        self._note(WRITING, "parent" if is_parent else "worker")
        if is_parent:
            self.let_end()

    def _note(self, phase: str, target: str) -> None:
        self._open[phase] -= 1
        self.phases[phase] += 1
        self.targets[target] += 1
        self._lost += target in ("worker", "child")
        print(f"{time.strftime('%H:%M:%S')} kill {self.kills}: {target}, {phase}", flush=True)

    def _kill(self, target: str, run: ForkedRun, place: Place) -> bool:
        if target == "parent":
            run.kill()
        elif target == "group":
            os.killpg(run.pid, signal.SIGKILL)
        else:
            others = [one for one in place.processes() if one.pid != run.pid]
            workers = [one for one in others if _parent_of(one) == run.pid]
            chosen = {
                "all": others,
                "worker": workers[:1],
                "child": [one for one in others if one not in workers][:1],
            }[target]
            for one in chosen:
                with suppress(psutil.NoSuchProcess):  # it came to its end meanwhile
                    one.kill()
            if target == "all":
                run.kill()
            return bool(chosen) or target == "all"
        return True


def _parent_of(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def events(place: Place) -> list[dict[str, object]]:
    """What the journal of a run holds so far; none before it has one."""
    found = []
    try:
        lines = (place.results / "run.jsonl").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:  # its last line is being written
            continue
    return found


def _phase(kind: object, task: object) -> str:
    return PHASE_OF.get(f"{kind} {task}", PHASE_OF.get(str(kind), "preparing"))


def at(place: Place) -> Now:
    """What the running run is at."""
    kinds: list[str] = []
    waiting: set[int] = set()
    open_ones: set[int] = set()
    for told in events(place):
        match told:
            case {"event": "began", "steps": list(steps)}:
                kinds = [_phase(of.get("kind"), of.get("task")) for of in steps]
                waiting = {n for n, of in enumerate(steps) if of.get("counted")}
            case {"event": "started", "step": int(step)}:
                open_ones.add(step)
            case {"event": "done" | "failed", "step": int(step)}:
                open_ones.discard(step)
                waiting.discard(step)
    if not kinds:
        return Now(frozenset({STARTING}), None)
    to_come = frozenset(kinds[step] for step in waiting)
    return Now(frozenset(kinds[step] for step in open_ones) or frozenset(
        {REPORTING if not to_come else "between"}
    ), to_come)  # fmt: skip


def durations(place: Place, began: float, ended: float) -> dict[str, float]:
    """By phase the seconds that the longest step of a run took, as far as it has come.

    Args:
        place: of the run.
        began: when it was started, in seconds since 1970.
        ended: when it was over.
    """
    found: dict[str, float] = {}
    kinds: list[str] = []
    since: dict[int, float] = {}
    last = began
    for told in events(place):
        match told:
            case {"event": "began", "at": float(moment), "steps": list(steps)}:
                kinds = [_phase(of.get("kind"), of.get("task")) for of in steps]
                found[STARTING] = moment - began
            case {"event": "started", "step": int(step), "at": float(moment)}:
                since[step] = moment
            case {"event": "done", "step": int(step), "at": float(moment)}:
                phase, last = kinds[step], moment
                found[phase] = max(found.get(phase, 0.0), moment - since[step])
    return {**found, REPORTING: ended - last}
