"""What gates decide of models whose change is known, run after run.

A run draws the answers of a baseline and of a candidate, compares them and judges the gate as a
suite does. Where the verdict is undecided and recommends a number of examples, the same run is
asked again with so many, the first ones included, as a higher `limit` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.analysis.gate import Evidence, Gate, Rule
from harness.analysis.gates import judge
from harness.analysis.paired import PairedDifference, compare_cells
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray
from harness.records import GateVerdict, Sample
from tests.benchmarks.coverage import sample

RESAMPLES = 600
MOST_EXAMPLES = 20_000
RIGHT, CHANGED = 0.85, 0.06
MEAN_ROUGE = 0.9 * 1.6 / 5.6


@dataclass(frozen=True)
class Answers:
    """Scores of the same examples, (examples,) each."""

    baseline: FloatArray
    candidate: FloatArray


World = Callable[[np.random.Generator, int, float], Answers]


def right_and_wrong(rng: np.random.Generator, n: int, drop: float) -> Answers:
    """85% right; 3% of all answers go either way by chance, and `drop` more are lost."""
    before, luck = rng.random(n) < RIGHT, rng.random(n)
    lost = before & (luck < (CHANGED / 2 + drop) / RIGHT)
    gained = ~before & (luck < CHANGED / 2 / (1 - RIGHT))
    return Answers(before.astype(np.float64), ((before & ~lost) | gained).astype(np.float64))


def rouge(rng: np.random.Generator, n: int, drop: float) -> Answers:
    """Half of the summaries are written anew, as good as before but for `drop`."""
    before, anew = rng.beta(1.6, 4.0, (2, n)) * (rng.random((2, n)) > 0.1)
    same = rng.random(n) < 0.5
    return Answers(before, np.where(same, before, anew) * (1 - drop / MEAN_ROUGE))


WORLDS: dict[str, World] = {"accuracy": right_and_wrong, "rougeL": rouge}


@dataclass(frozen=True)
class Runs:
    """Outcomes of many runs, and what was recommended where the first look was undecided."""

    outcomes: Counter[str] = field(default_factory=Counter)
    recommended: list[int] = field(default_factory=list)

    def __add__(self, other: Runs) -> Runs:
        return Runs(self.outcomes + other.outcomes, self.recommended + other.recommended)

    def share(self, outcome: str) -> float:
        """Of all runs."""
        return self.outcomes[outcome] / self.outcomes.total()


@dataclass(frozen=True)
class Asked:
    """A rule and its limit."""

    rule: Rule
    limit: float

    @property
    def words(self) -> str:
        """As a suite has it."""
        return "must: improve" if self.rule == "must" else f"{self.rule}: {self.limit:g}"


def compared(metric: str, answers: Answers, n: int) -> PairedDifference:
    """The first n examples."""
    before, after = (_cell(metric, scores[:n]) for scores in (answers.baseline, answers.candidate))
    return compare_cells(
        METRICS[metric], before, after, 0, resamples=RESAMPLES, labels=("right", "wrong")
    )


def verdict(metric: str, asked: Asked, found: PairedDifference) -> GateVerdict:
    """The harness's own."""
    gate = Gate("", "task", METRICS[metric], "before", "after", asked.rule, asked.limit)
    return judge(gate, Evidence(difference=found))


def _cell(metric: str, scores: FloatArray) -> list[Sample]:
    return [
        sample(id=f"{index:06}", target="right", scores={metric: score})
        for index, score in enumerate(scores.tolist())
    ]


def judged(
    metric: str, gates: Sequence[Asked], drop: float, n: int, runs: int, seed: int
) -> dict[str, Runs]:
    """Judges gates at n examples, whatever they recommend; by what they ask."""
    rng = np.random.default_rng(seed)
    found = {asked.words: Runs() for asked in gates}
    for _ in range(runs):
        difference = compared(metric, WORLDS[metric](rng, n, drop), n)
        for asked in gates:
            found[asked.words].outcomes[verdict(metric, asked, difference).outcome] += 1
    return found


def followed(metric: str, limit: float, drop: float, pilot: int, runs: int, seed: int) -> Runs:
    """Judges `max_drop` at `pilot` examples, and where undecided at as many as recommended."""
    rng, asked, found = np.random.default_rng(seed), Asked("max_drop", limit), Runs()
    for _ in range(runs):
        answers = WORLDS[metric](rng, MOST_EXAMPLES, drop)
        first = verdict(metric, asked, compared(metric, answers, pilot))
        if first.outcome == "undecided" and first.needed is not None and first.needed > pilot:
            assert first.needed <= MOST_EXAMPLES
            found.recommended.append(first.needed)
            first = verdict(metric, asked, compared(metric, answers, first.needed))
        found.outcomes[first.outcome] += 1
    return found
