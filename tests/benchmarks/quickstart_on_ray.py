"""The quickstart on two nodes of Ray with a core each, against the same suite on this machine with two jobs.

    python -m tests.benchmarks.quickstart_on_ray FOLDER [--home HOME] [OPTION …]

runs suites/quickstart.yaml both ways, each from an empty home, or from a copy of one whose fine-tunings count, with further
options of `harness run` (`--limit 5`), holds the two summaries against each other field by
field, timings aside, and prints what each took by the clock and of processors. Ray's start is not counted: the nodes
are up before. By the clock a figure says something on an idle machine alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.executors.simulated import cluster_of, differences
from tests.soak.runs import ROOT, without_times

SUITE = ROOT / "suites" / "quickstart.yaml"
NODE_BYTES = 4 * 10**9
LONGEST_SECONDS = 3600.0
GATE_FAILED = 3
LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Without which Ray looks for a cluster at 127.0.0.1 at the machine's own address (`stay_on_loopback`)."""


@dataclass(frozen=True)
class Took:
    """What a run took, and what it ended in."""

    seconds: float
    """By the clock, from the command to its end."""
    processor: float
    """Seconds that the machine's processors worked meanwhile: of this alone where nothing else runs."""
    summary: Any
    """Without timings."""


def run(place: Path, home: Path | None, *words: str) -> Took:
    """Runs the quickstart in a process of its own; with few examples its gates may fail, here and there alike."""
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
            [sys.executable, "-m", "harness", "run", str(SUITE), "--results", "results", *words],
            cwd=place, env=environment, stdout=log, stderr=log, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
    took, used = time.monotonic() - began, _processor() - before
    assert done.returncode in (0, GATE_FAILED), (place / "said.log").read_text()[-3000:]
    (file,) = place.glob("results/*/summary.json")
    return Took(took, used, without_times(json.loads(file.read_text())))


def _processor() -> float:
    """Seconds that the machine's processors have worked: a node's workers are no children of this process, and end."""
    of = psutil.cpu_times()
    return of.user + of.nice + of.system


def race(place: Path, home: Path | None = None, words: Sequence[str] = ()) -> tuple[Took, Took]:
    """Here, and on Ray; the summaries are held to be the same."""
    here = run(place / "here", home, "--jobs", "2", *words)
    with cluster_of(2, memory=NODE_BYTES) as cluster:
        there = run(
            place / "there", home, "--executor", "ray", "--address", cluster.address, *words
        )
    found = list(differences(here.summary, there.summary))
    assert not found, "\n".join(found)
    return here, there


def told(here: Took, there: Took) -> str:
    """What `race` found, in words."""
    return (
        f"here {here.seconds:.0f} s ({here.processor:.0f} s of processors), on two nodes {there.seconds:.0f} s "
        f"({there.processor:.0f} s): {there.seconds / here.seconds:.2f} times by the clock, "
        f"{there.processor / here.processor:.2f} times of processors; {len(here.summary['cells'])} cells, the same summary"
    )


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("folder", type=Path)
    reader.add_argument("--home", type=Path)
    given, options = reader.parse_known_args()
    print(told(*race(given.folder, given.home, options)))
