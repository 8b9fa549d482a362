"""Card, tables and gates cannot disagree, whatever was found: the card is held against what the tables print."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings

from harness.records import Summary
from harness.reporting.answer import Answer, Effect, answer, brief, card
from harness.reporting.answer.sentences import lead
from harness.reporting.answer.words import NAMES_SHOWN
from harness.reporting.blocks import Card, plain
from harness.reporting.differences import differences
from harness.reporting.gates import gate_table
from harness.reporting.kinds import ComparisonKind, of_kind
from harness.reporting.measures import metric_of, subject
from harness.reporting.verdict import verdict
from tests.reporting.generated import summaries
from tests.reporting.rows import row_of

ENOUGH = settings(max_examples=120)
OFTEN: tuple[ComparisonKind, ...] = ("fine-tuning", "quantization", "other")


def printed(summary: Summary, kind: ComparisonKind) -> list[tuple[str, str, str, str]]:
    """Of each row of a table of differences: baseline, candidate, task and metric, and the conclusion."""
    rows = of_kind(summary, kind)
    if not rows:
        return []
    table = differences(summary, "c", rows)
    place = [column.label for column in table.columns].index("Conclusion")
    return [
        (row.baseline, row.candidate, subject(metric_of(summary, row), row),
         f"{of.fields[place].text} {of.fields[place].detail}".strip())
        for row, of in zip(rows, table.rows, strict=True)
    ]  # fmt: skip


@ENOUGH
@given(summaries())
def test_the_sentence_of_a_candidate_says_what_its_rows_in_the_tables_say(summary: Summary) -> None:
    found = answer(summary)
    for kind in OFTEN:
        said = printed(summary, kind)
        for effect in found.of_kind(kind):
            of_pair = [one for one in said if one[:2] == (effect.baseline, effect.candidate)]
            _holds_the_rows(summary, effect, of_pair)


def _holds_the_rows(
    summary: Summary, effect: Effect, rows: list[tuple[str, str, str, str]]
) -> None:
    graded = [row for row in summary.comparisons if metric_of(summary, row).measures == "quality"]
    quality = {subject(metric_of(summary, row), row) for row in graded}
    words = [text for _, _, about, text in rows if about in quality]
    assert len(words) == len(effect.quality), "every measure of quality in the tables counts"
    worse, better = (any(text.startswith(sign) for text in words) for sign in ("▼", "▲"))
    said = lead(effect)
    assert ("worse" in said) == worse
    if effect.kind != "quantization":
        assert ("better" in said or "helped" in said) == better
    else:
        assert "better" not in said, "a quantization is asked to lose nothing, not to gain"
        assert said != "no loss shown" or better
        (sentence,) = (
            plain(row.line)
            for row in card(answer(summary)).effects
            if row.label == "Quantization" and row.line[0] == effect.candidate
        )
        assert better == bool(re.search("; (higher|lower) ", sentence)), "what gained is named"
    timed = effect.speed and effect.speed.difference
    if timed:
        about = subject(timed.of, timed.row)
        (text,) = [text for _, _, what, text in rows if what == about]
        assert ("⚠" in text) == bool(effect.speed and effect.speed.doubts)


@ENOUGH
@given(summaries())
def test_the_card_and_the_gates_agree(summary: Summary) -> None:
    found = answer(summary)
    made, rows = card(found), [row.fields for row in gate_table(summary).rows]
    outcomes = Counter(fields[0].text for fields in rows)
    evidence = plain(row_of(made, "evidence").line)
    if rows:
        assert f"gates {outcomes['✓ met']}/{len(rows)} met" in evidence
        assert (f"{outcomes['○ undecided']} undecided" in evidence) == bool(outcomes["○ undecided"])
    if found.pick is None:
        assert plain(made.title) == "No recommendation" and made.tone != "good"
        return
    of_pick = {fields[0].text for fields in rows if fields[1].text == found.pick.model}
    assert of_pick == {"✓ met"}
    assert plain(made.title) == f"Take {found.pick.model}"
    _holds_the_others(summary, found, made)


def _holds_the_others(summary: Summary, found: Answer, made: Card) -> None:
    """Nobody smaller meets everything, and who was passed over is named."""
    assert found.pick is not None
    over = [one for one in found.candidates if not one.qualifies]
    named = plain(row_of(made, "not taken").line) if over else ""
    assert all(one.model in named for one in over[:NAMES_SHOWN])
    if found.rule == "smallest":
        smaller = [
            one.model
            for one in found.candidates
            if one.qualifies and (one.bytes or 0) < (found.pick.bytes or 0)
        ]
        assert not smaller
    for quality in found.pick.quality:
        bound, one = quality.bound, quality.difference
        if bound is not None and one is not None:
            assert bound.loss >= -(one.row.delta or 0.0), "no less than the loss that was seen"
            assert bound.margin is None or bound.loss <= bound.margin, "its gate is met"


@ENOUGH
@given(summaries())
def test_doubts_failures_and_what_is_missing_are_never_left_out(summary: Summary) -> None:
    found = answer(summary)
    evidence = row_of(card(found), "evidence")
    busy = {
        cell.model
        for cell in summary.cells
        if cell.status == "ok" and cell.details.get("speed", {}).get("warnings")
    }
    assert ("in doubt" in plain(evidence.line)) == bool(busy)
    failed = [cell for cell in summary.cells if cell.status == "failed"]
    total = len(summary.cells)
    if total:
        assert f"cells {total - len(failed)}/{total} answered" in plain(evidence.line)
    if failed or busy:
        assert evidence.tone == "unsure"
    lines = brief(found)
    assert len(lines) <= 5 and plain(lines[0]).startswith(plain(card(found).title))
    assert isinstance(verdict(summary)[0], Card)
