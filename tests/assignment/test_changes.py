"""Examples are drawn by a rule from every answer that changed."""

from __future__ import annotations

from pathlib import Path

from harness.assignment.changes import demo, in_turn
from harness.records import Summary
from harness.results.store import ResultsStore
from tests.assignment.made import NOWHERE, answered, with_keys
from tests.reporting.fixture import quickstart


def small() -> Summary:
    """Of the quickstart's differences one, over thirty examples of which twelve changed."""
    whole = with_keys(quickstart())
    row = next(r for r in whole.comparisons if (r.name, r.metric) == ("fine-tuning", "accuracy"))
    row = row.model_copy(update={"n": 30, "better": 8, "worse": 4})
    return whole.model_copy(update={"comparisons": [row]})


def results(tmp_path: Path) -> ResultsStore:
    store = ResultsStore(tmp_path)
    before = {f"e{i:02d}": float(not i < 8) for i in range(30)}
    after = {f"e{i:02d}": float(not 20 <= i < 24) for i in range(30)}
    answered(store, "base", "sentiment", before)
    answered(store, "lora", "sentiment", after)
    return store


def test_they_are_drawn_from_all_answers_and_not_from_the_largest(tmp_path: Path) -> None:
    found = demo(small(), results(tmp_path))
    assert found is not None and found.drawn
    better = [one.answer.id for one in found.better]
    worse = [one.answer.id for one in found.worse]
    assert len(set(better)) == len(set(worse)) == 3
    assert set(better) <= {f"e{i:02d}" for i in range(8)} and better != ["e00", "e01", "e02"]
    assert set(worse) <= {f"e{i:02d}" for i in range(20, 24)}


def test_the_same_seed_draws_the_same_and_another_seed_others(tmp_path: Path) -> None:
    store, summary = results(tmp_path), small()
    drawn = {
        seed: tuple(one.answer.id for one in found.better)
        for seed in range(5)
        if (found := demo(_seeded(summary, seed), store))
    }
    again = demo(_seeded(summary, 0), store)
    assert again is not None and tuple(one.answer.id for one in again.better) == drawn[0]
    assert len(set(drawn.values())) > 1


def _seeded(summary: Summary, seed: int) -> Summary:
    return summary.model_copy(update={"suite": {**summary.suite, "defaults": {"seed": seed}}})


def test_without_the_answers_the_summarys_own_are_shown_and_said_to_be() -> None:
    found = demo(quickstart(), NOWHERE)
    assert found is not None and not found.drawn
    assert len(found.better) == 3 and len(found.worse) == 2


def test_answers_that_are_not_the_summarys_are_not_shown(tmp_path: Path) -> None:
    store, summary = results(tmp_path), small()
    answered(store, "lora", "sentiment", {f"e{i:02d}": 1.0 for i in range(30)})
    found = demo(summary, store)
    assert found is not None and not found.drawn


def test_without_fine_tuning_there_is_no_demo() -> None:
    assert demo(quickstart(comparisons=[]), NOWHERE) is None


def test_tasks_take_turns() -> None:
    found = demo(quickstart(), NOWHERE)
    assert found is not None
    a, b, c = found.better
    assert in_turn([[a, b], [c]]) == (a, c, b)
    assert in_turn([[], [c]]) == (c,)
    assert in_turn([]) == ()
