"""One large cell asked by two workers, against the same asked by one: here, and on two nodes of Ray.

By the clock, from the command to its end, so that it has to begin, to load the model twice, to join and to report in
that time. The machine should do nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.race import CLOCK, Answer, Contestant, Laps, replay, run_race
from tests.benchmarks.targets import DIVIDED, PARTS_HERE, PARTS_ON_RAY, UNDIVIDED
from tests.benchmarks.took import run
from tests.executors.simulated import cluster_of, differences

pytestmark = pytest.mark.benchmark(timer=CLOCK)
ROUNDS = 2
ROWS = 40_000
SUITE = """\
name: large
forgetting: false
defaults: {resources: {cpus: 1, memory: 500 MB}}
models:
  base: {source: starter}
tasks:
  sentiment:
    type: classify
    dataset: {file: rows.csv, prompt: "{{ text }}\\nSentiment:", target: "{{ label }}", labels: [bad, good]}
"""
WORDS = ("lovely", "good"), ("awful", "bad")


def write_suite(folder: Path) -> Path:
    rows = [
        f"In week {number} the meal was {WORDS[number % 2][0]} again,{WORDS[number % 2][1]}"
        for number in range(ROWS)
    ]
    (folder / "rows.csv").write_text("\n".join(["text,label", *rows]))
    (folder / "large.yaml").write_text(SUITE)
    return folder / "large.yaml"


@contextmanager
def workers(where: str) -> Iterator[Sequence[str]]:
    """Options by which a run has two of them."""
    if where == PARTS_HERE:
        yield ("--jobs", "2")
        return
    with cluster_of(2) as cluster:
        yield ("--executor", "ray", "--address", cluster.address)


Race = tuple[str, dict[str, Laps]]


@pytest.fixture(scope="module", params=[PARTS_HERE, PARTS_ON_RAY])
def race(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Race:
    """Where they ran, and their laps; each from nothing but the prompts, which a run before has made."""
    if request.param == PARTS_ON_RAY:
        pytest.importorskip("ray")
    folder = tmp_path_factory.mktemp("large")
    suite = write_suite(folder)
    first = run(suite, folder / "first", None)

    def lap(parts: int, *words: str) -> Answer:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            took = run(suite, Path(name) / "here", folder / "first" / "home", *words)
        found = "side by side: base/sentiment (2)." in " ".join(took.said.split())
        assert found == (parts == 2), took.said
        assert not list(differences(first.summary, took.summary))
        return {"seconds": took.seconds}

    with workers(request.param) as two:
        laps = run_race(
            [
                Contestant(UNDIVIDED, lambda: lap(1, *two, "--parts", "1"), ROUNDS),
                Contestant(DIVIDED, lambda: lap(2, *two, "--parts", "2"), ROUNDS),
            ]
        )
    return request.param, laps


@pytest.mark.parametrize("name", [UNDIVIDED, DIVIDED])
def test_a_large_cell(benchmark: Any, race: Race, name: str) -> None:
    where, laps = race
    replay(benchmark, where, name, laps[name])
