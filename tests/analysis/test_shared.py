from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.analysis.alike import DIFFERENT_PROMPTS
from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.comparisons import build_comparisons
from harness.analysis.shared import prompts_hash, shared_examples
from harness.analysis.significance import mcnemar
from harness.records import Comparison, Sample
from tests.analysis.samples import classified, example_id, of_type, timed

TARGETS = ["a", "b"] * 30


def asked(samples: Sequence[Sample], wording: str = "") -> list[Sample]:
    """The same samples, each with the hash of a prompt of its own."""
    return [s.model_copy(update={"prompt": f"{wording}{s.id}"}) for s in samples]


def answers(
    before: Sequence[Sample], after: Sequence[Sample], hashes: tuple[str, str] = ("60", "20")
) -> TaskAnswers:
    cells = {
        "old": CellAnswers(before, prompts=hashes[0]),
        "new": CellAnswers(after, prompts=hashes[1]),
    }
    return TaskAnswers("classify", of_type("classify"), cells, {}, ["a", "b"])


def accuracy(task: TaskAnswers, common: bool = True, any_prompts: bool = False) -> Comparison:
    (one,) = build_comparisons(
        "c",
        "old",
        ["new"],
        {"s": task},
        seed=0,
        any_prompts=any_prompts,
        common=common,
        metrics={"accuracy"},
    )
    return one


def of_two_limits(wording: str = "") -> TaskAnswers:
    """Sixty before, the first twenty after; five of those were wrong and are right now, one was
    right and is wrong."""
    before = classified(TARGETS, [*["x"] * 5, *TARGETS[5:40], *["x"] * 20])
    after = classified(TARGETS[:20], [*TARGETS[:19], "x"])
    return answers(asked(before), asked(after, wording))


def test_the_examples_in_common_are_paired_and_counted() -> None:
    found = accuracy(of_two_limits())
    assert found.note == "20 of 60 examples in common."
    assert (found.n, found.better, found.worse) == (20, 5, 1)
    assert (found.baseline_value, found.candidate_value) == (15 / 20, 19 / 20)
    assert found.p == pytest.approx(mcnemar(5, 1)) == pytest.approx(2 * (1 + 6) / 2**6)
    assert found.right_to_wrong == [example_id(19)]


def test_without_being_asked_to_results_of_different_limits_are_not_compared() -> None:
    assert accuracy(of_two_limits(), common=False).reason == DIFFERENT_PROMPTS


def test_the_same_examples_asked_otherwise_are_refused_unless_that_is_allowed() -> None:
    refused = accuracy(of_two_limits("please: "))
    assert (refused.reason, refused.note, refused.delta) == (DIFFERENT_PROMPTS, "", None)
    allowed = accuracy(of_two_limits("please: "), any_prompts=True)
    assert allowed.n == 20
    assert allowed.note.startswith("20 of 60 examples in common. The same examples, each model")


def test_results_that_do_not_say_what_was_asked_are_known_by_the_whole_set() -> None:
    samples = classified(TARGETS, TARGETS)
    assert accuracy(answers(samples, samples[:20])).reason == DIFFERENT_PROMPTS
    assert accuracy(answers(samples, samples[:20], ("same", "same"))).n == 20


def test_the_same_prompts_in_another_order_are_the_same_prompts() -> None:
    samples = asked(classified(TARGETS, TARGETS))
    found = accuracy(answers(samples, samples[::-1], ("this order", "that order")))
    assert (found.n, found.delta, found.note) == (60, 0.0, "")


def test_two_draws_that_overlap_say_how_many_each_asked() -> None:
    samples = asked(classified(TARGETS, TARGETS))
    note = accuracy(answers(samples[:40], samples[30:])).note
    assert note == "10 of 60 examples in common (40 were asked before, 30 after)."


def test_nothing_in_common_is_a_reason() -> None:
    samples = asked(classified(TARGETS, TARGETS))
    reason = accuracy(answers(samples[:30], samples[30:])).reason
    assert reason == "No answers of new: it answered other examples than the baseline."


def test_documents_that_were_scored_from_another_place_are_told_apart() -> None:
    document = Sample(key="k", index=0, id="d", prompt="p", data={"kl": [0.1, 0.2]})
    longer = document.model_copy(update={"data": {"kl": [0.1, 0.2, 0.3]}})
    assert prompts_hash([document]) == prompts_hash([document.model_copy(update={"key": "j"})])
    assert prompts_hash([document]) != prompts_hash([longer])


def test_timings_are_not_cut_to_what_two_models_share() -> None:
    cells = {"old": CellAnswers(timed([10.0], [11.0])), "new": CellAnswers(timed([20.0]))}
    (one,) = build_comparisons(
        "c",
        "old",
        ["new"],
        {"speed": TaskAnswers("speed", of_type("speed"), cells)},
        seed=0,
        common=True,
        metrics={"decode_tokens_per_second"},
    )
    assert (one.baseline_value, one.candidate_value) == (10.5, 20.0)


def test_an_example_that_stands_twice_stays_twice() -> None:
    twice = classified(["a", "a"], ["a", "a"])
    twice = [s.model_copy(update={"id": "same"}) for s in twice]
    assert len(shared_examples(twice, twice[:1]).baseline) == 2
