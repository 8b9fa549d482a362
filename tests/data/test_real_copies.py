"""The readers on real copies, where there are any: published counts, known leaks, one split."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from harness.data.instructions import read_instructions
from harness.data.inventory import list_data
from harness.data.loading import info_of, load
from harness.data.normal_forms import normal_form
from tests.data.copies import REAL, needs_real
from tests.data.test_splits import assert_nothing_leaks

pytestmark = needs_real
COUNTS = {
    "all": (2264, {"neutral": 1391, "positive": 570, "negative": 303}),
    "66": (4217, {"neutral": 2535, "positive": 1168, "negative": 514}),
}
REPETITIONS = {"all": 5, "66": 6}


@pytest.mark.parametrize("agreement", COUNTS)
def test_phrasebank_has_its_published_rows_and_labels(agreement: str) -> None:
    loaded = load("financial_phrasebank", REAL, {"agreement": agreement})
    reading, data = loaded.reading, loaded.dataset
    rows, labels = COUNTS[agreement]
    assert reading.ok
    assert reading.read == {"all": rows}
    assert (reading.sources[0].encoding, reading.sources[0].pin) == ("latin-1", "matches")
    assert [(d.reason, d.rows) for d in reading.dropped] == [
        ("a repetition of another row", REPETITIONS[agreement])
    ]
    assert len(data.train) + len(data.test) == rows - REPETITIONS[agreement]
    tested = Counter(example.target for example in data.test)
    for label, count in labels.items():
        assert tested[label] / count == pytest.approx(0.2, abs=0.005)
    assert_nothing_leaks(data)


def test_a_sentence_of_two_agreements_has_one_id_and_stands_on_one_side() -> None:
    small, large = (
        load("financial_phrasebank", REAL, {"agreement": agreement}).dataset
        for agreement in ("all", "66")
    )
    assert set(small.test) <= set(large.test)
    assert set(small.train) <= set(large.train)


def test_the_head_of_the_file_is_not_the_head_of_a_split() -> None:
    """The first 200 rows of AllAgree are 98% positive."""
    data = load("financial_phrasebank", REAL, {"agreement": "all"}).dataset
    for part in (data.train, data.test):
        head = Counter(example.target for example in part[:200])
        assert head["positive"] < 80


def test_samsum_has_its_published_rows_and_loses_what_leaks() -> None:
    loaded = load("samsum", REAL)
    reading, data = loaded.reading, loaded.dataset
    assert reading.ok
    assert reading.read == {"train": 14732, "test": 819}
    assert [source.pin for source in reading.sources] == ["matches", "matches"]
    dropped = {d.reason: d.rows for d in reading.dropped}
    assert dropped == {
        "train: an empty dialogue": 1,
        "train: the dialogue stands in test": 42,
        "train: the dialogue stands in train already": 487,
    }
    assert len(data.test) == 819
    assert len(data.train) == 14732 - sum(dropped.values())
    assert not any("\r" in example.text for example in (*data.train, *data.test))
    assert_nothing_leaks(data)


def test_word_for_word_samsum_leaks_as_much_as_is_known_and_spelling_hides_a_little_more() -> None:
    """41 and 467 are the figures for identical texts; normal forms find 42 and 487."""
    train, test = (
        [
            json.loads(line)["dialogue"]
            for line in (REAL / f"samsum/{part}.jsonl").read_bytes().decode().split("\n")
            if line
        ]
        for part in ("train", "test")
    )
    assert len(set(train) & set(test)) == 41
    assert len(train) - len(set(train)) == 467
    forms, tested = [normal_form(text) for text in train], set(map(normal_form, test))
    assert sum(form in tested for form in forms) == 42
    assert len(forms) - len(set(forms)) == 487


def test_both_are_found_in_this_layout_and_keep_their_keys() -> None:
    assert {item.where for item in list_data(REAL)} == {"embedded", "found"}
    for name in ("financial_phrasebank", "samsum"):
        assert info_of(name, REAL).fingerprint() == info_of(name, REAL).fingerprint()


@pytest.mark.parametrize(
    ("name", "rows", "kept"), [("alpaca_5000", 5000, 4998), ("dolly_3k", 2996, 2994)]
)
def test_instruction_files_are_read(name: str, rows: int, kept: int) -> None:
    found = read_instructions(REAL / "instruct" / f"{name}.json")
    assert found.reading.read == {"train": rows}
    assert len(found.rows) == kept
    assert all(row.messages[-1].role == "user" and row.answer for row in found.rows)
