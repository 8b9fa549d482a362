"""What the report says of votes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import pytest

from harness.records import Preferences, Summary, Vote
from harness.reporting.blocks import Callout, Download, Prose, Table, plain
from harness.reporting.html import html
from harness.reporting.markdown import markdown
from harness.reporting.preferences import preference_blocks
from harness.reporting.sections import document
from harness.reporting.short import short_document
from harness.results.votes import ReadVotes, summarize_votes
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_votes
from tests.results.votes_made import vote

PAIR = ("base", "lora-q4")
THREE = ("base", "lora-f16", "lora-q4")


def of(votes: Sequence[Vote]) -> Summary:
    whole = quickstart()
    bare = {name: model.model_copy(update={"key": ""}) for name, model in whole.models.items()}
    return quickstart(votes=summarize_votes(ReadVotes(tuple(votes)), bare))


def tables(summary: Summary) -> list[Table]:
    return [block for block in preference_blocks(summary) if isinstance(block, Table)]


def rows(made: Table) -> list[dict[str, str]]:
    heads = [column.label for column in made.columns]
    return [
        {head: f"{f.text} {f.detail}".strip() for head, f in zip(heads, row.fields, strict=True)}
        for row in made.rows
    ]


def prose(summary: Summary) -> str:
    found = [block.line for block in preference_blocks(summary) if isinstance(block, Prose)]
    return " ".join(map(plain, found))


def notes(summary: Summary) -> str:
    return " ".join(plain(note) for made in tables(summary) for note in made.notes)


def test_results_that_nobody_voted_on_have_no_section() -> None:
    assert preference_blocks(quickstart()) == []
    assert 'id="preferences"' not in html(document(quickstart()))


def test_the_model_with_more_votes_comes_first_with_its_share() -> None:
    votes = [vote(PAIR, 1)] * 9 + [vote(PAIR, 0)] + [vote(PAIR, "both good")] * 4
    (made,) = tables(of(votes))
    assert made.caption == "Blind votes: 14 votes of 1 voter"
    assert rows(made) == [
        {
            "Model": "lora-q4",
            "against": "base",
            "Conclusion": "preferred",
            "Share": "90% [55%, 100%]",  # Clopper and Pearson: 0.5550 to 0.9975
            "Preferred": "9",
            "Other preferred": "1",
            "Both good": "4",
            "Both bad": "0",
            "p": "0.021",  # 22 of 1,024
        }
    ]


def test_few_votes_are_said_to_be_few() -> None:
    (made,) = tables(of([vote(PAIR, 1)] * 5))
    assert rows(made)[0]["Conclusion"] == "cannot tell yet 6 votes for either can at the earliest"
    (more,) = tables(of([vote(PAIR, place % 2) for place in range(12)]))
    assert rows(more)[0]["Conclusion"] == "inconclusive"


def test_only_ties_have_no_share() -> None:
    (made,) = tables(of([vote(PAIR, "both bad")] * 3))
    assert (rows(made)[0]["Share"], rows(made)[0]["Both bad"]) == ("–", "3")
    assert "nothing is known of position bias" in prose(of([vote(PAIR, "both bad")] * 3))


def test_votes_with_names_shown_have_a_table_of_their_own() -> None:
    votes = [vote(PAIR, 0)] * 3 + [vote(PAIR, 1, blind=False)] * 2
    blind, shown = tables(of(votes))
    assert rows(blind)[0]["Preferred"] == "3" and rows(shown)[0]["Preferred"] == "2"
    assert "names shown" in shown.caption and "Names were hidden" in plain(blind.notes[0])


def test_of_whom_intervals_speak_is_said() -> None:
    assert "hold for them alone" in notes(of([vote(PAIR, 0)] * 8))
    many = [vote(PAIR, place % 2, f"v{place}") for place in range(8)]
    assert "take the 8 voters" in notes(of(many))


@pytest.mark.parametrize(
    ("n", "right", "words"),
    [(10, 0, "Position bias: 10 of 10"), (10, 5, "no position"), (5, 0, "too few to tell")],
)
def test_position_bias_is_told(n: int, right: int, words: str) -> None:
    votes = [vote(PAIR[:: 1 if place % 2 else -1], int(place < right)) for place in range(n)]
    assert words in prose(of(votes))


def test_ratings_are_elo_points_about_zero() -> None:
    votes = [vote(THREE, place) for place, n in enumerate((20, 10, 5)) for _ in range(n)]
    made = tables(of(votes))[1]
    assert [(row["Model"], row["Rating"].split()[0]) for row in rows(made)] == [
        ("base", "+120"),  # 400 log10 of 20 over the geometric mean, 10
        ("lora-f16", "0"),
        ("lora-q4", "−120"),
    ]


def test_a_rating_that_nothing_bounds_is_not_given() -> None:
    votes = [vote(THREE[:2], 0)] * 4 + [vote(THREE[1:], 0)] * 4
    assert len(tables(of(votes))) == 1 and "No ratings yet" in prose(of(votes))


def test_votes_that_do_not_count_are_told() -> None:
    (said,) = [b for b in preference_blocks(with_votes()) if isinstance(b, Callout)]
    assert plain(said.line) == (
        "Not counted: 1 vote on models that have changed since or are gone and 2 lines of votes.jsonl that "
        "cannot be read."
    )


def test_the_file_holds_every_pair_unrounded() -> None:
    summary = with_votes()
    (file,) = [b for b in preference_blocks(summary) if isinstance(b, Download)]
    assert summary.votes is not None
    expected = [
        ("blind" if one.blind else "names shown", pair.first, pair.second, repr(pair.share.value))
        for one in summary.votes.sets
        for pair in one.pairs
    ]
    read = list(csv.DictReader(io.StringIO(file.text)))
    heads = ("votes", "first", "second", "share_of_first")
    assert [tuple(row[head] for head in heads) for row in read] == expected


def test_page_and_markdown_show_the_same_shares() -> None:
    summary = with_votes()
    page, short = html(document(summary)), markdown(short_document(summary)).replace("\\", "")
    assert summary.votes is not None
    shares = {
        found
        for row in rows(tables(summary)[0])
        for found in re.findall(r"\[\d+%, \d+%\]", row["Share"])
    }
    assert shares and all(one in page and one in short for one in shares)


def test_a_name_that_is_markup_stays_text() -> None:
    name = "<img src=x onerror=alert(1)>"
    whole = quickstart()
    models = {**whole.models, name: whole.models["base"].model_copy(update={"key": ""})}
    models["base"] = models[name]
    summary = quickstart(
        votes=summarize_votes(ReadVotes((vote(("base", name), 1),) * 7), models), models=models
    )
    assert "<img" not in html(document(summary)).replace("&lt;img", "")


def test_a_pair_that_leads_with_its_second_model_keeps_its_figures() -> None:
    whole: Preferences = of([vote(PAIR, 1)] * 7 + [vote(PAIR, 0)] * 2).votes.sets[0]  # type: ignore[union-attr]
    pair = whole.pairs[0]
    assert pair.share.value == pytest.approx(2 / 9) and pair.outcome == "inconclusive"
    (made,) = tables(of([vote(PAIR, 1)] * 7 + [vote(PAIR, 0)] * 2))
    assert rows(made)[0]["Share"] == "78% [40%, 97%]"
