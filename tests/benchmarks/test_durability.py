"""What it costs a small run to wait for the disk: the command as it is, by turns with one that waits for nothing.

Its waits are timed within the run, since two runs on a busy machine differ by more than they take; and compared with
the seconds of a processor, too, which other programs do not stretch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from harness.estimate.machine import RATES
from tests.benchmarks.race import CLOCK, Answer, Contestant, Laps, replay, run_race
from tests.benchmarks.targets import DURABILITY, LASTING, UNSYNCHRONISED
from tests.benchmarks.waits import environment, waits

pytestmark = pytest.mark.benchmark(timer=CLOCK)
ROUNDS = 3
SUITE = """\
name: small
forgetting: false
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 100}
  dialogue: {type: summarize, dataset: dialogue-sample, limit: 50, max_new_tokens: 32}
"""


def lap(folder: Path, really: bool) -> Answer:
    """The command once, from nothing to its report, on a machine that was timed before.

    Args:
        folder: holds the suite, and keeps how fast this machine is.
        really: whether its processes wait.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place, home = Path(name), Path(name) / "home"
        home.mkdir()
        if (folder / RATES).exists():
            shutil.copy(folder / RATES, home)
        extra = environment(place / "waits", really) | {"HARNESS_HOME": str(home)}
        command = [sys.executable, "-m", "harness", "run", str(folder / "small.yaml")]
        started, before = time.perf_counter(), os.times()
        done = subprocess.run(
            command, cwd=place, env=os.environ | extra, capture_output=True, text=True, check=False
        )
        seconds, after = time.perf_counter() - started, os.times()
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        shutil.copy(home / RATES, folder)
        calls, waited = waits(place / "waits")
    return {
        "seconds": seconds,
        "processor_seconds": sum(after[2:4]) - sum(before[2:4]),
        "waited_seconds": waited,
        "calls": calls,
    }


@pytest.fixture(scope="module")
def laps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Laps]:
    folder = tmp_path_factory.mktemp("durability")
    (folder / "small.yaml").write_text(SUITE)
    lap(folder, really=False)
    return run_race(
        [
            Contestant(UNSYNCHRONISED, lambda: lap(folder, really=False), ROUNDS),
            Contestant(LASTING, lambda: lap(folder, really=True), ROUNDS),
        ]
    )


@pytest.mark.parametrize("name", [UNSYNCHRONISED, LASTING])
def test_a_small_run(benchmark: Any, laps: dict[str, Laps], name: str) -> None:
    replay(benchmark, DURABILITY, name, laps[name])
    assert all(answer["calls"] > 0 for answer in laps[name].answers)
