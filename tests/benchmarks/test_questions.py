"""The data that the benchmarks ask about, where it is there."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.benchmarks.places import DATA
from tests.benchmarks.questions import phrasebank, samsum

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the data is not at {DATA}")


def test_phrasebank_shows_no_sentence_that_it_asks() -> None:
    data = phrasebank()
    shown, asked = ({example.text for example in part} for part in (data.train, data.test))
    assert not shown & asked
    assert len(shown) + len(asked) == len(data.train) + len(data.test)


def test_phrasebank_is_read_whole_but_for_repeated_sentences() -> None:
    data = phrasebank()
    labels = Counter(example.target for example in (*data.train, *data.test))
    assert set(labels) == set(data.labels)
    assert 2264 - 8 <= labels.total() <= 2264 - 5


def test_samsum_rows_are_not_split_at_unicode_separators() -> None:
    assert len(samsum().test) == 819
