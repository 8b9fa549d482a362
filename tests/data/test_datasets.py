"""The embedded data sets, as their registry gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import DATASETS


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_data_set_has_two_splits_that_share_nothing(name: str) -> None:
    data = DATASETS[name].read()
    assert data.train and data.test
    texts = {example.text for example in data.train}
    assert not [example for example in data.test if example.text in texts]
    assert len({example.id for example in (*data.train, *data.test)}) == len(data.train) + len(
        data.test
    )


def test_answers_are_labels_where_there_are_labels() -> None:
    data = DATASETS["phrasebank-sample"].read()
    assert {example.target for example in data.test} == set(data.labels)


def test_the_fingerprint_follows_the_contents(tmp_path: Path) -> None:
    from dataclasses import replace

    file = tmp_path / "rows.jsonl"
    info = replace(DATASETS["dialogue-sample"], files=(file,))
    prints = []
    for text in ("a", "b", "a"):
        file.write_text(text)
        prints.append(info.fingerprint())
    assert prints[0] == prints[2] != prints[1]
