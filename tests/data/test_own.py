"""A user's own tables as data sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.data.own import OwnData, own_info, read_own
from harness.errors import BadDataError, InputError
from tests.data.copies import write
from tests.data.test_splits import assert_nothing_leaks

NAMES = {"0": "bad", "1": "good"}


def table(rows: int = 60, start: int = 0) -> str:
    lines = [f"{n},review number {n},{n % 2}" for n in range(start, start + rows)]
    return "\n".join(["key,review,stars", *lines]) + "\n"


@pytest.fixture
def own(tmp_path: Path) -> OwnData:
    return OwnData(
        name="reviews",
        kind="classify",
        prompt="Review: {{ review }}\nVerdict:",
        target="{{ stars }}",
        file=write(tmp_path / "reviews.csv", table()),
        labels=NAMES,
        id="key",
    )


def test_one_file_is_split_and_named(own: OwnData) -> None:
    loaded = read_own(own)
    assert_nothing_leaks(loaded.dataset)
    assert loaded.dataset.labels == ("bad", "good")
    examples = {e.id: e for e in (*loaded.dataset.train, *loaded.dataset.test)}
    assert len(examples) == 60
    assert examples["3"].text == "Review: review number 3\nVerdict:"
    assert examples["3"].target == "good"
    assert loaded.reading.ok


def test_two_files_keep_their_parts_and_do_not_leak(own: OwnData, tmp_path: Path) -> None:
    two = replace(
        own,
        file=None,
        train=write(
            tmp_path / "train.tsv", table(30).replace(",", "\t").replace("review n", "Review  n")
        ),
        test=write(tmp_path / "test.csv", table(10, start=25)),
    )
    loaded = read_own(two)
    assert len(loaded.dataset.test) == 10
    assert len(loaded.dataset.train) == 25
    assert {d.reason: d.rows for d in loaded.reading.dropped} == {
        "train: the prompt stands in test": 5
    }
    assert_nothing_leaks(loaded.dataset)


def test_labels_may_be_left_out_listed_or_named_already(own: OwnData) -> None:
    assert read_own(replace(own, labels=())).dataset.labels == ("0", "1")
    assert read_own(replace(own, labels=("1", "0"))).dataset.labels == ("1", "0")
    named = replace(own, target="{{ ['bad', 'good'][stars | int] }}")
    assert read_own(named).dataset == read_own(own).dataset


def test_a_label_that_is_not_known_is_named_by_file_and_line(own: OwnData) -> None:
    with pytest.raises(BadDataError, match=r"reviews\.csv:3: label '1' is none of: 0"):
        read_own(replace(own, labels={"0": "bad"}))


def test_a_template_that_does_not_end_on_a_row_names_it(own: OwnData) -> None:
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(BadDataError, match=r"reviews\.csv:5: the templates .* more than 2 s"):
        read_own(replace(own, prompt="{{ review }}{% if key == '3' %}" + loop + "{% endif %}"))


def test_rows_with_nothing_to_ask_or_answer_are_counted(own: OwnData, tmp_path: Path) -> None:
    path = write(
        tmp_path / "gaps.jsonl", '{"review": "a", "stars": null}\n{"review": "b", "stars": 1}\n'
    )
    gaps = replace(own, file=path, id=None, prompt="{{ review }}")
    assert {d.reason: d.rows for d in read_own(gaps).reading.dropped} == {"an empty target": 1}


def test_a_text_with_two_answers_is_dropped_from_a_classification_only(
    own: OwnData, tmp_path: Path
) -> None:
    path = write(tmp_path / "two.csv", "review,stars\nsame,0\nSame!,1\nother,1\n")
    two = replace(own, file=path, id=None, prompt="{{ review }}")
    data = read_own(two).dataset
    assert len(data.train) + len(data.test) == 1
    free = read_own(replace(two, kind="summarize", labels=())).dataset
    assert len(free.train) + len(free.test) == 3 and free.labels == ()


def test_latin1_is_said(own: OwnData, tmp_path: Path) -> None:
    path = write(tmp_path / "old.csv", "key,review,stars\n1,Föhn,1\n".encode("latin-1"))
    assert "latin-1" in read_own(replace(own, file=path)).reading.notes[0]


def test_a_part_without_rows_or_labels_is_complained_of(own: OwnData, tmp_path: Path) -> None:
    few = replace(own, file=write(tmp_path / "few.csv", "key,review,stars\n1,a,1\n"))
    complaints = read_own(few).reading.complaints
    assert any("part is empty" in complaint for complaint in complaints)
    assert any("has the label bad" in complaint for complaint in complaints)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"file": None}, "say either file, which is split, or train and test"),
        ({"train": Path("x.csv")}, "say either file"),
        ({"prompt": "{{ revue }}"}, "prompt: no column 'revue'"),
        ({"target": "{{ star }}"}, "target: no column 'star'"),
        ({"id": "number"}, "id: no column 'number'"),
        ({"test_share": 1.0}, "test_share is 1.0"),
        ({"file": Path("/nowhere/x.csv")}, "no such file"),
    ],
)
def test_what_is_wrong_in_the_description_is_said(
    own: OwnData, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read_own(replace(own, **change))


def test_the_info_reads_the_same_and_its_fingerprint_follows_the_description(own: OwnData) -> None:
    info = own_info(own)
    assert info.read() == read_own(own).dataset
    changed = [
        own,
        replace(own, prompt="{{ review }}"),
        replace(own, test_share=0.5),
        replace(own, labels={"0": "worse", "1": "better"}),
    ]
    assert len({own_info(each).fingerprint() for each in changed}) == len(changed)
    assert own_info(replace(own, name="other")).fingerprint() == info.fingerprint()


def test_a_prompt_that_names_no_column_is_refused(own: OwnData) -> None:
    with pytest.raises(InputError, match="`prompt` names no column") as found:
        read_own(replace(own, prompt="{review}\nVerdict:"))
    assert "two braces" in found.value.hint


def test_a_prompt_that_drops_what_rows_differ_in_is_complained_of(own: OwnData) -> None:
    short = replace(own, prompt="Review: {{ review[:6] }}", target="{{ key }}", labels=(), id=None)
    found = read_own(short).reading.complaints
    assert (
        "the prompt of 59 rows is another row's, though they differ in review: it drops text"
        in found
    )


def test_repeated_rows_and_values_that_are_missing_drop_no_text(
    own: OwnData, tmp_path: Path
) -> None:
    lines = '{"a": "x", "b": null, "y": "1"}\n{"a": " x", "b": "", "y": "1"}\n{"a": "z", "b": NaN, "y": "1"}\n'
    path = write(tmp_path / "same.jsonl", lines)
    same = replace(own, file=path, prompt="{{ a }} {{ b }}", target="{{ y }}", id=None)
    loaded = read_own(same)
    assert not any("drops text" in complaint for complaint in loaded.reading.complaints)
    assert {one.text for one in (*loaded.dataset.train, *loaded.dataset.test)} == {"x", "z"}


def test_a_row_that_leaves_only_the_templates_words_asks_nothing(
    own: OwnData, tmp_path: Path
) -> None:
    lines = '{"a": "", "b": null, "y": "1"}\n{"a": " ", "b": NaN, "y": "1"}\n{"a": "x", "b": "", "y": "1"}\n'
    path = write(tmp_path / "gaps.jsonl", lines)
    gaps = replace(
        own, file=path, prompt="A: {{ a }}\nB: {{ b }}\nAnswer:", target="{{ y }}", id=None
    )
    loaded = read_own(gaps)
    assert {d.reason: d.rows for d in loaded.reading.dropped} == {"an empty prompt": 2}
    assert len(loaded.dataset.train) + len(loaded.dataset.test) == 1
