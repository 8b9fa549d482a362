"""Tables of differences: which kind of figure, what could have been shown, how many times as fast."""

from __future__ import annotations

from typing import Any

import pytest

from harness.analysis.power import Churn, detectable
from harness.metrics.registry import METRICS
from harness.records import Comparison
from harness.reporting.blocks import Definitions, Fold, plain
from harness.reporting.changed import SHOWN_IDS, changed_blocks, flips
from harness.reporting.differences import difference_tables, differences, ratio
from harness.reporting.measures import KINDS, arrow, metric_of, rounded_up
from harness.reporting.outcomes import Conclusion, outcome
from harness.reporting.tables import task_tables
from tests.reporting.fixture import quickstart
from tests.reporting.rows import LOSS, UNCERTAIN, row, tuned


def fields(*rows: Comparison, summary: Any = None) -> list[dict[str, str]]:
    """Each row's fields by heading, with what stands beneath them."""
    table = differences(summary or quickstart(), "c", rows)
    return [
        {
            c.label: f"{f.text} {f.detail}".strip()
            for c, f in zip(table.columns, r.fields, strict=True)
        }
        for r in table.rows
    ]


def notes(*rows: Comparison) -> str:
    return "\n".join(plain(note) for note in differences(quickstart(), "c", rows).notes)


def test_beside_what_was_not_shown_stands_what_could_have_been() -> None:
    unshown, shown = row(**UNCERTAIN, detectable=0.171), row(candidate="qlora", detectable=0.08)
    found = fields(unshown, shown)
    assert [one["Conclusion"] for one in found] == ["○ inconclusive detectable: 0.171", "▲ better"]
    assert "p adjusted" in notes(unshown, shown)
    assert "a smaller one may be there unseen" in notes(unshown, shown)


def test_where_so_few_could_show_nothing_that_is_said() -> None:
    few = row(**UNCERTAIN, detectable=None, too_few=True)
    assert [one["Conclusion"] for one in fields(few)] == ["○ inconclusive too few to show any"]
    assert (
        ": inconclusive; accuracy +10.0 pp [−2.0, +22.0] (too few examples to show any)."
        in tuned(few)
    )


def test_an_approximate_interval_is_marked_and_its_reason_stands_beneath() -> None:
    sure, marked = row(), row(candidate="qlora", approximate="uneven")
    first, second = fields(sure, marked)
    assert "≈" not in str(first["Difference"])
    assert "≈[" in str(second["Difference"])
    said = notes(sure, marked)
    assert "≈: an approximate interval" in said and "a handful of examples" in said
    assert "fewer than" not in said and "≈" not in notes(sure)


def test_where_all_was_shown_nothing_is_said_of_what_would_have_been() -> None:
    assert fields(row(detectable=0.08))[0]["Conclusion"] == "▲ better"
    assert "etectable" not in notes(row(detectable=0.08))


def test_what_could_have_been_shown_is_said_in_words() -> None:
    least = detectable(Churn(1.0, 0.4, True), 200)
    assert least is not None
    assert 0.150 < least < 0.151
    said = tuned(row(**UNCERTAIN, detectable=least))
    assert " (minimum detectable difference 15.1 pp, 80% power)." in said


@pytest.mark.parametrize("nothing", [None, 0.0])
def test_a_spread_of_zero_detects_nothing(nothing: float | None) -> None:
    assert "detectable" not in tuned(row(**UNCERTAIN, detectable=nothing))
    assert fields(row(**UNCERTAIN, detectable=nothing))[0]["Conclusion"] == "○ inconclusive"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0211, "0.022"), (0.021, "0.021"), (0.0209999, "0.021"), (3e-6, "3.0e−6")]
)
def test_what_could_have_been_shown_is_never_rounded_down(value: float, text: str) -> None:
    assert rounded_up(METRICS["accuracy"], value) == text


def test_milliseconds_are_rounded_up_in_their_own_unit() -> None:
    assert rounded_up(METRICS["itl_seconds"], 0.0017511) == "1.76"


def test_a_shown_difference_says_nothing_of_what_could_have_been() -> None:
    assert "detectable" not in tuned(row(detectable=0.08))


def test_flips_are_said_in_both_directions() -> None:
    of = row(**LOSS, right_to_wrong=list("abc"), wrong_to_right=["d"])
    assert flips(of) == "3 went from right to wrong, 1 from wrong to right"


def test_a_summary_without_ids_still_counts_its_flips() -> None:
    assert flips(row(better=9, worse=12)) == "12 went from right to wrong, 9 from wrong to right"


def test_a_score_that_is_not_right_or_wrong_has_no_flips() -> None:
    assert flips(row(metric="rougeL", task="dialogue", better=9, worse=12)) == ""
    assert flips(row(metric="unparsed", better=9, worse=12)) == ""


def test_ids_of_flips_are_listed_with_what_is_left_out() -> None:
    ids = [f"id-{i}" for i in range(SHOWN_IDS + 7)]
    of = row(right_to_wrong=ids, wrong_to_right=["one"], better=1, worse=len(ids))
    (outer,) = changed_blocks(quickstart(), [of])
    assert isinstance(outer, Fold)
    (fold,) = outer.blocks
    assert isinstance(fold, Fold)
    assert fold.title.startswith("lora against base, sentiment (accuracy): of 200 answers 507 went")
    (listed,) = [block for block in fold.blocks if isinstance(block, Definitions)]
    lost, gained = (plain(entry.line) for entry in listed.definitions)
    assert f"id-{SHOWN_IDS - 1} and 7 more, in summary.json" in lost
    assert gained == "one"


def test_each_kind_of_figure_has_a_table_of_its_own() -> None:
    rows = [c for c in quickstart().comparisons if c.name == "quantization"]
    tables = difference_tables(quickstart(), "Q", rows)
    assert [table.caption for table in tables] == [
        "Q: quality",
        "Q: every other measure of quality",
        "Q: how much changed, not in which direction",
        "Q: cost",
    ]
    assert sum(len(table.rows) for table in tables) == len(rows)


@pytest.mark.parametrize(
    "metric", [name for name, of in METRICS.items() if of.measures == "change"]
)
def test_a_measure_of_change_has_no_direction_anywhere(metric: str) -> None:
    of = row(task="fidelity", metric=metric, baseline="lora-f16", candidate="lora-q4")
    assert arrow(METRICS[metric]) == ""
    assert outcome(METRICS[metric], of, 0.95) is Conclusion.CHANGED
    (found,) = fields(of)
    assert found["Conclusion"] == "◆ changed"
    assert "not in which direction (arXiv 2606.19558)" in notes(of)


def test_kl_is_never_worded_as_better_or_worse() -> None:
    made = quickstart()
    rows = [c for c in made.comparisons if metric_of(made, c).measures == "change"]
    said = {found["Conclusion"].split(" detectable")[0] for found in fields(*rows)}
    assert said <= {"◆ changed", "○ inconclusive"}


def test_the_divergence_section_keeps_change_and_quality_apart() -> None:
    tables = task_tables(quickstart(), "fidelity")
    kinds = [
        {of.measures for of in METRICS.values() if of.label in {c.label for c in t.columns}}
        for t in tables
    ]
    assert kinds == [{"change"}, {"quality"}]
    assert not any("↓" in c.detail or "↑" in c.detail for c in tables[0].columns)


def test_every_kind_has_words_and_every_metric_a_kind() -> None:
    assert {of.measures for of in METRICS.values()} == set(KINDS)


def test_timings_show_how_many_times_as_fast() -> None:
    timed = row(task="speed", metric="decode_tokens_per_second", n=3, better=None, worse=None,
                ratio=1.5, ratio_low=1.4, ratio_high=1.6)  # fmt: skip
    (found,) = fields(timed)
    assert found["Times as fast"] == "1.50 [1.40, 1.60]"
    assert found["Task and metric"] == "speed: decode speed (tokens/s) ↑"
    assert "not example by example" in notes(timed)
    assert "pair by pair" not in notes(timed)


def test_digits_show_on_which_side_of_one_a_ratio_ends() -> None:
    timed = row(ratio=1.02, ratio_low=1.0004, ratio_high=1.04)
    assert ratio(timed).detail == "[1.0004, 1.0400]"


def test_a_note_is_shown_with_the_difference() -> None:
    note = "The same examples, each model asked by its own tokenizer and template."
    assert f"lora: {note}" in notes(row(note=note))


def test_one_baseline_stands_in_the_heading_and_several_in_a_column() -> None:
    one = differences(quickstart(), "c", [row()])
    assert one.columns[0].detail == "against base"
    several = [found["against"] for found in fields(row(), row(baseline="lora", candidate="qlora"))]
    assert several == ["base", "lora"]
    long = "an-organisation/a-very-long-model-name"
    assert fields(row(baseline=long))[0]["against"] == long
