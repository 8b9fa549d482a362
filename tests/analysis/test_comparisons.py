from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.comparisons import (
    CHANGED_SHOWN,
    NO_WORDS,
    OTHER_CODE,
    build_comparisons,
    difference_of,
)
from harness.analysis.significance import holm
from harness.records import WORDLESS, Comparison
from harness.suite.schema import TASK_TYPES
from tests.analysis.samples import classified, diverged, example_id, of_type, summarized, timed

TARGETS = ["a", "b"] * 20


def sentiment(**failures: str) -> TaskAnswers:
    """The tuned model mends the first twelve answers of `base` and spoils the last two."""
    base = classified(TARGETS, [*[None] * 12, *TARGETS[12:]])
    tuned = classified(TARGETS, [*TARGETS[:38], "x", "x"])
    cells = {"base": CellAnswers(base), "tuned": CellAnswers(tuned), "same": CellAnswers(base)}
    cells |= {model: CellAnswers(failure=reason) for model, reason in failures.items()}
    prompts = {example_id(index): f"prompt {index}" for index in range(40)}
    return TaskAnswers("classify", of_type("classify"), cells, prompts, ["a", "b"])


def records(tasks: dict[str, TaskAnswers], *candidates: str) -> list[Comparison]:
    return build_comparisons("tuning", "base", candidates, tasks, seed=0)


def test_every_metric_of_every_task_is_compared_for_every_candidate() -> None:
    rng = np.random.default_rng(0)
    tasks = {
        "sentiment": sentiment(),
        "fidelity": TaskAnswers(
            "divergence",
            of_type("divergence"),
            {name: CellAnswers(diverged(rng, 9)) for name in ("base", "tuned")},
        ),
    }
    found = [(one.task, one.metric, one.candidate) for one in records(tasks, "tuned", "same")]
    assert found == [
        (task, metric, candidate)
        for task, kind in (("sentiment", "classify"), ("fidelity", "divergence"))
        for metric in TASK_TYPES[kind].metrics
        for candidate in ("tuned", "same")
    ]


def test_changed_answers_are_shown_in_both_directions_and_capped() -> None:
    accuracy = records({"sentiment": sentiment()}, "tuned")[0]
    assert (accuracy.better, accuracy.worse, accuracy.n) == (12, 2, 40)
    assert len(accuracy.changed_for_better) == CHANGED_SHOWN
    assert [change.id for change in accuracy.changed_for_worse] == [example_id(38), example_id(39)]
    first = accuracy.changed_for_better[0]
    assert (first.id, first.prompt, first.target) == (example_id(0), "prompt 0", "a")
    assert (first.baseline_answer, first.candidate_answer) == ("raw answer 0", "a")
    assert (first.baseline_score, first.candidate_score) == (0.0, 1.0)


def test_figures_by_other_rules_of_words_are_not_compared() -> None:
    samples = summarized([n / 9 for n in range(9)])
    cells = {
        "base": CellAnswers(samples),
        "tuned": CellAnswers(samples, scored_by={"rouge1": " unicode"}),
    }
    task = TaskAnswers("summarize", of_type("summarize"), cells)
    assert difference_of("rouge1", task, "base", "tuned", 0).reason == OTHER_CODE
    assert difference_of("truncated", task, "base", "tuned", 0).reason is None


def test_examples_whose_right_answer_has_no_word_are_no_part_of_a_difference() -> None:
    samples = summarized([n / 9 for n in range(9)])
    bare = [one.model_copy(update={"data": {**one.data, WORDLESS: True}}) for one in samples]
    for those, n in (([*bare[:4], *samples[4:]], 5), (bare, 0)):
        cells = {name: CellAnswers(those) for name in ("base", "tuned")}
        task = TaskAnswers("summarize", of_type("summarize"), cells)
        found = difference_of("rouge1", task, "base", "tuned", 0)
        assert (found.n, found.reason) == (n, None if n else NO_WORDS)
        assert difference_of("truncated", task, "base", "tuned", 0).n == 9


def test_changed_answers_stand_with_the_headline_alone() -> None:
    _, macro_f1, unparsed = records({"sentiment": sentiment()}, "tuned")
    for other in (macro_f1, unparsed):
        assert not other.changed_for_better and not other.changed_for_worse


def test_summaries_show_the_largest_changes_first() -> None:
    base = summarized([0.5, 0.5, 0.5, 0.5])
    tuned = summarized([0.6, 0.9, 0.5, 0.1])
    task = TaskAnswers(
        "summarize", of_type("summarize"), {"base": CellAnswers(base), "tuned": CellAnswers(tuned)}
    )
    headline = records({"dialogue": task}, "tuned")[0]
    assert headline.metric == "rougeL"
    assert [change.id for change in headline.changed_for_better] == [example_id(1), example_id(0)]
    assert [change.id for change in headline.changed_for_worse] == [example_id(3)]


def test_p_values_are_adjusted_over_the_candidates_of_one_metric() -> None:
    accuracy = records({"sentiment": sentiment()}, "tuned", "same")[:2]
    assert [one.p_adjusted for one in accuracy] == holm([one.p for one in accuracy])
    assert accuracy[0].p is not None
    assert accuracy[0].p_adjusted == pytest.approx(2 * accuracy[0].p)


def test_a_failed_or_missing_cell_gives_the_reason() -> None:
    task = sentiment(tuned="out of memory.")
    failed, missing = records({"sentiment": task}, "tuned", "elsewhere")[:2]
    assert failed.reason == "No answers of tuned: out of memory."
    assert missing.reason == "No answers of elsewhere: it was not asked."
    assert failed.delta is None and failed.p_adjusted is None and not failed.changed_for_better


def test_speed_compares_repetitions_and_what_was_measured_once() -> None:
    task = TaskAnswers(
        "speed",
        of_type("speed"),
        {
            "base": CellAnswers(timed([10.0], [11.0]), {"load_seconds": 2.0}),
            "tuned": CellAnswers(timed([20.0], [22.0]), {"load_seconds": 1.5}),
        },
    )
    found = {one.metric: one for one in records({"speed": task}, "tuned")}
    assert found["decode_tokens_per_second"].delta == pytest.approx(10.5)
    assert found["load_seconds"].delta == -0.5
    assert found["load_seconds"].low is None
    assert found["peak_bytes"].reason == "It was not measured for both models."


def test_the_difference_behind_a_record_has_one_sided_bounds_besides() -> None:
    record = records({"s": sentiment()}, "tuned")[0]
    difference = difference_of(record.metric, sentiment(), "base", "tuned", seed=0)
    assert (difference.delta, difference.low) == (record.delta, record.low)
    assert difference.one_sided_low is not None and record.low is not None
    assert difference.one_sided_low > record.low
