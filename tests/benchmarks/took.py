"""What a run of the harness takes as a command of its own, on this machine or on a cluster of nodes that lie on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.executors.simulated import LOOPBACK
from tests.soak.runs import ROOT, without_times

LONGEST_SECONDS = 3600.0
GATE_FAILED = 3


@dataclass(frozen=True)
class Took:
    """What a run took, and what it ended in."""

    seconds: float
    """By the clock, from the command to its end."""
    processor: float
    """Seconds that the machine's processors worked meanwhile: of this alone where nothing else runs."""
    summary: Any
    """Without timings."""
    said: str


def run(suite: Path, place: Path, home: Path | None, *words: str) -> Took:
    """Runs a suite in a process of its own; with few examples its gates may fail.

    Args:
        suite: its file.
        place: a new folder, for results and report.
        home: of which the run gets a copy; None: it begins from an empty one.
        words: further options of `harness run`.
    """
    place.mkdir(parents=True)
    if home is not None:
        shutil.copytree(home, place / "home")
    environment = {
        **os.environ,
        "HARNESS_HOME": str(place / "home"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        LOOPBACK: "0",
    }
    began, before = time.monotonic(), _processor()
    with (place / "said.log").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-m", "harness", "run", str(suite), "--results", "results", *words],
            cwd=place, env=environment, stdout=log, stderr=log, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
    took, used = time.monotonic() - began, _processor() - before
    said = (place / "said.log").read_text()
    assert done.returncode in (0, GATE_FAILED), said[-3000:]
    (file,) = place.glob("results/*/summary.json")
    return Took(took, used, without_times(json.loads(file.read_text())), said)


def _processor() -> float:
    """Seconds that the machine's processors have worked: a node's workers are no children of this process, and end."""
    of = psutil.cpu_times()
    return of.user + of.nice + of.system
