"""How long a run takes to stop that is told to, in every phase; `make soak` prints the figures."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from harness.interpreter import ROOT
from harness.locks import held
from tests.soak.killer import LOOK_SECONDS, ORDER, REPORTING, STARTING, at
from tests.soak.runs import LONGEST_SECONDS, Place

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAITING = "waiting for a lock"
PHASES = (*ORDER, "asking")
PLACES = 4
"""Runs from nothing in which a phase is looked for; one that is over soon may be passed."""
STOPPED = "Interrupted. "


@dataclass
class Stops:
    """Stops runs, and notes how long that took.

    Attributes:
        seconds: from the signal to the end of the process, by phase.
        open: signals that a phase has still to be stopped by.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    open: dict[str, list[signal.Signals]] = field(
        default_factory=lambda: {phase: list(SIGNALS) for phase in PHASES}
    )
    chooser: random.Random = field(default_factory=lambda: random.Random(5))

    def live_through(self, place: Place) -> None:
        """Runs to the end, stopped and started again on the way."""
        while any(self.open.values()):
            run = begin(place)
            phase = self._awaited(run, place)
            if not phase:
                assert run.returncode == 0, said(place)
                return
            self.stop(run, place, phase, self.open[phase].pop())

    def _awaited(self, run: subprocess.Popen[bytes], place: Place) -> str:
        """A phase that the run is in now and was not stopped in often enough; "" where it ended."""
        if self.open[STARTING]:
            while not hears(run.pid):
                time.sleep(LOOK_SECONDS)
            time.sleep(self.chooser.uniform(0.0, 4.0))
            return STARTING
        while run.poll() is None:
            phase = next((of for of in at(place).phases if self.open.get(of)), "")
            if phase and phase != STARTING:
                time.sleep(self.chooser.uniform(0.0, 0.1 if phase == REPORTING else 1.0))
                if phase in at(place).phases and run.poll() is None:
                    return phase
            time.sleep(LOOK_SECONDS)
        return ""

    def stop(
        self, run: subprocess.Popen[bytes], place: Place, phase: str, number: signal.Signals
    ) -> None:
        """Tells a run to end, as a terminal does or a batch system."""
        own = psutil.Process(run.pid).children(recursive=True)
        began = time.monotonic()
        if number is signal.SIGINT:
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        code = run.wait(LONGEST_SECONDS)
        took = time.monotonic() - began
        if code == 0 and phase == REPORTING:  # it was over just then
            self.open[phase].append(number)
            return
        self.seconds[phase].append(took)
        print(f"{phase}, {number.name}: {took:.2f} s", flush=True)
        assert code == 130, (phase, number.name, code, said(place))
        assert STOPPED in said(place) and "Traceback" not in said(place), (phase, said(place))
        assert not (alive := alive_after(1.0, own)), (phase, alive)


def alive_after(seconds: float, processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended by then; who has is not asked to be reaped as well, which is for the system to do."""
    _, left = psutil.wait_procs(processes, timeout=seconds)
    found = []
    for one in left:
        with suppress(psutil.NoSuchProcess):
            if one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


def begin(place: Place) -> subprocess.Popen[bytes]:
    """`harness run` as a process like any, whose signals are those of a shell that is used."""
    (place.results / "run.jsonl").unlink(missing_ok=True)
    environment = {
        **os.environ,
        "HARNESS_HOME": str(place.home),
        "TMPDIR": str(place.folder / "tmp"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    with (place.folder / "said.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "soak.yaml"],
            cwd=place.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_hear_all,
        )


def _hear_all() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def hears(pid: int) -> bool:
    """Whether a process has come so far that signals are its own: the kernel lists those that it catches."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGHUP - 1) & 1)


def said(place: Place) -> str:
    return (place.folder / "said.log").read_text()[-3000:]


@pytest.fixture
def stops() -> Iterator[Stops]:
    """What is stopped, whose figures are said in the end."""
    found = Stops()
    yield found
    for phase, seconds in found.seconds.items():
        print(f"{max(seconds):6.2f} s at most of {len(seconds)}  {phase}")


@pytest.mark.soak
def test_a_run_stops_in_every_phase_and_goes_on(tmp_path: Path, stops: Stops) -> None:
    like = None
    for number in range(PLACES):
        place = Place.make(tmp_path / f"{number}", like=like)
        stops.live_through(place)
        if like is not None:
            shutil.rmtree(like.folder)
        like = place
    assert not any(stops.open.values()), stops.open
    assert all(took < 5.0 for seconds in stops.seconds.values() for took in seconds), stops.seconds


@pytest.mark.soak
@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_that_waits_for_another_stops(
    tmp_path: Path, stops: Stops, number: signal.Signals
) -> None:
    place = Place.make(tmp_path / "place")
    with held(place.results / "run.lock", "testing"):
        run = begin(place)
        while "waiting for process" not in said(place):
            assert run.poll() is None, said(place)
            time.sleep(LOOK_SECONDS)
        stops.stop(run, place, WAITING, number)


@pytest.mark.soak
def test_a_second_signal_ends_a_run_that_hangs_at_once(tmp_path: Path, stops: Stops) -> None:
    place = Place.make(tmp_path / "place")
    run = begin(place)
    while not at(place).to_come:
        assert run.poll() is None, said(place)
        time.sleep(LOOK_SECONDS)
    own = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    time.sleep(0.4)  # a second one that comes sooner is taken for the same
    with suppress(ProcessLookupError):
        run.send_signal(signal.SIGINT)
    assert run.wait(1.0) == 130
    assert alive_after(1.0, own) == []
