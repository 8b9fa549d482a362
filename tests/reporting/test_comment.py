"""The comment for a pull request: what fails first, all else shut."""

from __future__ import annotations

import re

import pytest

from harness.records import ChangedAnswer, GateVerdict, Partial, Summary
from harness.reporting.comment import MOST_BROKE, MOST_REASONS, MOST_ROWS, Place, comment
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import gates, quickstart
from tests.reporting.test_documents import rendered, visible
from tests.reporting.variants import with_failures

PLACE = Place("https://ci.example.org/report", "harness gate results/quickstart --baseline main")
GITHUB_MOST = 65_536


def judged(*outcomes: tuple[str, bool]) -> Summary:
    """The quickstart whose first gates ended so, and all others as met."""
    found: list[GateVerdict] = gates()
    ends = [*outcomes, *[("met", True)] * (len(found) - len(outcomes))]
    made = [
        gate.model_copy(update={"outcome": outcome, "passed": passed, "reason": f"Reason {place}."})
        for place, (gate, (outcome, passed)) in enumerate(zip(found, ends, strict=True))
    ]
    return quickstart(gates=made)


def title(summary: Summary) -> str:
    return comment(summary, PLACE).splitlines()[0]


MET, MISSED = ("met", True), ("not met", False)
OPEN, LENIENT = ("undecided", False), ("undecided", True)
TOTAL = len(gates())


def test_the_title_says_how_the_gates_went() -> None:
    first = gates()[0]
    assert title(judged()) == f"# ✅ All {TOTAL} gates pass"
    one = title(judged(MISSED))
    assert one.startswith(f"# ❌ 1 of {TOTAL} gates fails: {first.candidate}, ")
    assert one.endswith(f" on {first.task}")
    assert title(judged(MISSED, OPEN)) == f"# ❌ 2 of {TOTAL} gates fail (1 undecided)"
    assert title(judged(LENIENT)) == f"# ✅ All {TOTAL} gates pass"
    assert title(quickstart(gates=[])) == "# ℹ No gate was judged"
    failed = sum(cell.status == "failed" for cell in with_failures().cells)
    assert f"{failed} of " in title(with_failures()) and "❌" in title(with_failures())


def test_what_fails_stands_open_and_first_and_what_passes_is_shut() -> None:
    summary = judged(MISSED, LENIENT)
    text = comment(summary, PLACE)
    head, *folds = text.split("<details>")
    missed, *others = summary.gates
    assert "Gates that fail" in head and missed.reason in head
    assert all(other.reason not in head for other in others)
    assert folds[0].startswith(
        f"<summary>{TOTAL - 1} gates that pass, 1 of them undecided</summary>"
    )
    assert folds[0].count("\n| ") == 1 + TOTAL - 1


def test_a_missed_gate_stands_before_an_undecided_one() -> None:
    text = comment(judged(OPEN, MISSED), PLACE).split("<details>")[0]
    assert text.index("✗ not met") < text.index("○ undecided")


def test_a_gate_that_compares_shows_both_figures_and_what_changed() -> None:
    summary = judged(MISSED)
    gate = summary.gates[0]
    row = next(
        row
        for row in summary.comparisons
        if (row.task, row.metric, row.candidate) == (gate.task, gate.metric, gate.candidate)
    )
    line = next(line for line in comment(summary, PLACE).splitlines() if "✗ not met" in line)
    assert f"{row.worse} / {row.better} (n = {row.n})" in line
    assert f"{row.baseline_value:.3f}" in line and f"{row.candidate_value:.3f}" in line


def test_many_reasons_are_shut_and_many_gates_counted() -> None:
    many = [gates()[0].model_copy(update={"outcome": "not met", "passed": False})] * (MOST_ROWS + 5)
    text = comment(quickstart(gates=many), PLACE)
    assert "<summary>Why each of them fails</summary>" in text
    assert "And 5 more gates that fail." in text and len(text) < GITHUB_MOST
    few = comment(quickstart(gates=many[:MOST_REASONS]), PLACE)
    assert "Why each of them fails" not in few


def test_hundreds_of_gates_with_long_reasons_fit() -> None:
    long = gates()[0].model_copy(update={"reason": "Accuracy changed by a little. " * 60})
    failing = long.model_copy(update={"outcome": "not met", "passed": False})
    passing = long.model_copy(update={"outcome": "met", "passed": True})
    twelve = VARIANTS["twelve-models"]()
    broken = [cell.model_copy(update={"status": "failed", "metrics": {}}) for cell in twelve.cells]
    summary = twelve.model_copy(
        update={"gates": [*[failing] * 300, *[passing] * 300], "cells": broken}
    )
    assert len(comment(summary, PLACE)) < GITHUB_MOST


def broken(summary: Summary) -> str:
    (fold,) = [f for f in comment(summary, PLACE).split("<details>") if "that broke</summary>" in f]
    return f"<details>{fold.split('</details>')[0]}</details>"


def test_answers_that_broke_are_counted_and_a_few_shown_with_their_text() -> None:
    summary = judged(MISSED)
    gate = summary.gates[0]
    fold = broken(summary)
    (row,) = [
        row
        for row in summary.comparisons
        if (row.task, row.metric, row.baseline, row.candidate)
        == (gate.task, "accuracy", gate.baseline, gate.candidate)
    ]
    assert row.right_to_wrong and f"{len(row.right_to_wrong)} broke, " in fold
    shown = row.changed_for_worse[:MOST_BROKE]
    assert fold.count("**Prompt**") == len(shown) > 0
    text = visible(rendered(fold).text)
    assert all(answer.id in text and answer.candidate_answer in text for answer in shown)


def test_without_a_gate_that_fails_answers_of_all_gates_take_turns() -> None:
    def answers(candidate: str) -> list[ChangedAnswer]:
        return [
            ChangedAnswer(
                id=f"{candidate}-{place}", prompt="p", target="a", baseline_answer="a",
                candidate_answer="b", baseline_score=1.0, candidate_score=0.0,
            )
            for place in range(MOST_BROKE)
        ]  # fmt: skip

    whole = judged()
    pairs = {(gate.task, gate.candidate) for gate in whole.gates}
    rows = [
        row.model_copy(update={"changed_for_worse": answers(row.candidate)})
        if row.right_to_wrong and (row.task, row.candidate) in pairs
        else row
        for row in whole.comparisons
    ]
    shown = re.findall(
        r"\*\*Example\*\*: \w+, (\S+)-(\d)", broken(whole.model_copy(update={"comparisons": rows}))
    )
    assert len(shown) == MOST_BROKE and len({candidate for candidate, _ in shown}) > 1
    assert max(int(place) for _, place in shown) < MOST_BROKE - 1


def test_it_ends_with_the_report_and_the_command_to_copy() -> None:
    last = comment(judged(), PLACE).splitlines()[-1]
    assert last == (
        "[Full report](<https://ci.example.org/report>) · "
        "Reproduce: `harness gate results/quickstart --baseline main`"
    )
    by_path = comment(judged(), Place("reports/quickstart/index.html")).splitlines()[-1]
    assert by_path == "Full report: `reports/quickstart/index.html`"
    assert not comment(judged(), Place()).splitlines()[-1].startswith(("Full", "Reproduce"))


def test_what_is_partial_and_timings_in_doubt_stand_open() -> None:
    partial = judged().model_copy(update={"partial": Partial(limit=10, gates=1)})
    head = comment(partial, PLACE).split("<details>")[0]
    assert "> ℹ **Partial:** `--limit 10`" in head


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_renders_and_fits(variant: str) -> None:
    text = comment(VARIANTS[variant](), PLACE)
    page = rendered(text)
    assert "img" not in page.tags and "script" not in page.tags
    assert text.count("<details>") == text.count("</details>") == page.tags.count("details")
    assert {target for key, target in page.attributes if key == "href"} == {PLACE.report}
    assert len(text) < GITHUB_MOST


def test_an_address_cannot_end_its_link() -> None:
    text = comment(judged(), Place("https://x.test/a b>)[y](javascript:1)\n"))
    targets = [value for key, value in rendered(text).attributes if key == "href"]
    assert targets == ["https://x.test/a%20b%3E%29%5By%5D%28javascript:1%29%20"]
