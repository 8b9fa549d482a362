"""Judges the gates of results that are there, alone or against a saved baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError
from harness.records import Cell, GateVerdict, Summary, is_same_machine
from harness.results.baselines import answers_in, find_baseline, read_baseline, suite_of
from harness.results.store import read_summary
from harness.suite.schema import GateSpec, SuiteSpec

ACROSS = ("max_drop", "max_slowdown")
"""Rules that can be held against a baseline where the suite does not say which are."""


@dataclass(frozen=True)
class Judged:
    """The verdicts, and the summary with them in the place of its own, and behind its comparisons those
    with the baseline."""

    summary: Summary
    baseline: str = ""
    waiting: int = 0
    """Gates against a baseline that were not judged, since none was named."""

    @property
    def verdicts(self) -> Sequence[GateVerdict]:
        """What was found of every gate and candidate."""
        return self.summary.gates

    @property
    def failed(self) -> list[Cell]:
        """Cells that have no answers."""
        return [cell for cell in self.summary.cells if cell.status == "failed"]

    @property
    def exit_code(self) -> int:
        """3 where a gate does not let the suite pass, else 1 where a cell failed, else 0."""
        if any(not verdict.passed for verdict in self.verdicts):
            return 3
        return 1 if self.failed else 0


def judge_results(results: Path, baseline: str | None, baselines: Path) -> Judged:
    """Judges the gates of the suite that made the results.

    With a baseline, gates that say `against: baseline` are judged too, each model against itself
    there; where no gate says so, every `max_drop` and `max_slowdown` is.

    Args:
        results: results/<suite>, or its summary.
        baseline: its name, or the path of a results folder; None for none.
        baselines: the folder of all baselines.

    Raises:
        InputError: there are no results or no baseline, nothing can be judged, or a figure would not follow from
            the answers that it was made of: nobody may be there to read a warning.
    """
    summary = read_summary(results, proven=True)
    spec = suite_of(summary, results)
    own = [gate for gate in spec.gates if gate.against is None]
    theirs = _against_baseline(spec)
    if not spec.gates:
        raise InputError(f"{results}: the suite sets no gates", "Add `gates:` to it and run again.")
    answers = answers_in(results, summary)
    verdicts = [verdict for gate in own for verdict in answers.judge(gate)]
    if baseline is None:
        waiting = [gate for gate in spec.gates if gate.against is not None]
        if not verdicts and waiting:
            raise InputError(
                f"{results}: every gate of the suite is against a baseline",
                "Name one: --baseline NAME. `harness baseline save` saves one.",
            )
        if not verdicts:
            raise InputError(
                f"{results}: no gate of the suite can be judged: their cells have not been asked",
                "Run the suite without --only, or with one that selects them.",
            )
        return Judged(summary.model_copy(update={"gates": verdicts}), waiting=len(waiting))
    folder = find_baseline(baseline, baselines)
    earlier, saved = read_baseline(folder)
    if not theirs:
        raise InputError(
            f"{results}: no gate of the suite can be held against a baseline",
            "Set `max_drop` or `max_slowdown`, or `against: baseline`.",
        )
    compared = list(summary.comparisons)
    for gate in theirs:
        found = answers.judge(gate, saved)
        verdicts += [_unless_elsewhere(earlier, summary, one, gate) for one in found]
        for one in found:
            compared += answers.compare_saved(saved, one.task, one.candidate, one.metric)
    update = {"gates": verdicts, "comparisons": compared}
    return Judged(summary.model_copy(update=update), baseline=folder.name)


def _against_baseline(spec: SuiteSpec) -> list[GateSpec]:
    named = [gate for gate in spec.gates if gate.against is not None]
    return named or [gate for gate in spec.gates if gate.rule in ACROSS]


def _unless_elsewhere(
    earlier: Summary, summary: Summary, verdict: GateVerdict, gate: GateSpec
) -> GateVerdict:
    """A timing against one of another machine decides nothing."""
    places = [of.timed_on(verdict.candidate, verdict.task) for of in (earlier, summary)]
    is_timing = summary.tasks[verdict.task].metric(verdict.metric).is_timing
    if not is_timing or is_same_machine(*places):
        return verdict
    reason = (
        "The baseline was timed on another machine, so a difference in speed would be the "
        "machine's. Save a baseline on this one."
    )
    return verdict.model_copy(
        update={
            "outcome": "undecided",
            "passed": gate.undecided == "pass",
            "reason": reason,
            "needed": None,
        }
    )
