"""Every number of the card, of Trust, of Reproduction and at charts is a figure of the summary."""

from __future__ import annotations

import re

import pytest

from harness.reporting.html import html
from harness.reporting.sections import document
from tests.reporting.every_variant import VARIANTS
from tests.reporting.test_numbers import shown_of
from tests.reporting.traced import Said, in_reproduction, in_trust, on_card, untraced

TRACED = ["quickstart", "failures", "seeds", "undecided", "no-gates", "doubts", "speed-and-texts"]
LEGEND = ["rank 16", "16-bit rounding"]


@pytest.mark.parametrize("variant", TRACED)
def test_every_number_outside_of_the_tables_is_a_figure_of_the_summary(variant: str) -> None:
    summary = VARIANTS[variant]()
    said = Said(html(document(summary)))
    card, trust = list(on_card(summary)), list(in_trust(summary))
    assert untraced(said.prose["verdict"], card) == []
    assert untraced(said.prose["trust"], trust) == []
    assert untraced(said.prose["reproduction"], in_reproduction(summary)) == []
    figures = [*shown_of(summary), *card, *LEGEND]
    for section, texts in said.charts.items():
        assert (section, untraced(texts, figures)) == (section, [])


def test_a_number_on_the_card_or_at_a_chart_that_is_no_figure_is_found() -> None:
    summary = VARIANTS["quickstart"]()
    page = html(document(summary))
    assert "[81.1, 90.5]" in page
    said = Said(page.replace("[81.1, 90.5]", "[17.39, 90.5]"))
    assert [n for n, _ in untraced(said.prose["verdict"], on_card(summary))] == ["17.39"]
    label = next(text for text in said.charts["verdict"] if "[" in text and "at" not in text)
    broken = Said(page.replace(label, label.replace("[", "[17.39 ")))
    found = untraced(broken.charts["verdict"], [*shown_of(summary), *on_card(summary), *LEGEND])
    assert {n for n, _ in found} == {"17.39"}


def test_charts_of_two_percentiles_are_not_called_alike() -> None:
    """The 90th and the 99th percentile of a wait were both clipped to "time to first…9th percentile"."""
    page = html(document(VARIANTS["quickstart"]()))
    titles = {t for t in re.findall(r'<title id="[^"]*">(Forest plot of .*?) ↓', page)}
    assert {"Forest plot of speed: time to first token p90 (ms)",
            "Forest plot of speed: time to first token p99 (ms)"} <= titles  # fmt: skip
