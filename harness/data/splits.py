"""Splits that do not leak: no text that is tested stands, in any dress, in what is trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.data.datasets import Dataset, Example
from harness.data.normal_forms import normal_form
from harness.data.readings import SplitReading, Tally, count_labels

TEST_SHARE = 0.2
SPLITTING = 1
"""Raised whenever the same files would give other splits: it is part of every data set's key."""
SPLIT_SEED = 0
"""The seed of every split: a model tuned on one seed's train split has seen another's test split."""
SALT = "split 129"
"""The salt, of `split 0` to `split 199`, under which each label's test share in
PhraseBank's AllAgree and 66Agree comes nearest to 20%: none is off by more than 0.4 points."""
REPEATED = "a repetition of another row"
TWO_LABELS = "the same sentence carries two labels"


@dataclass(frozen=True)
class Placed:
    """An example, and the file and line it came from."""

    example: Example
    place: str


def with_own_ids(rows: Iterable[Placed], seen: set[str]) -> list[Placed]:
    """Gives the rows with `#2`, `#3`, … behind ids that occurred before; `seen` is added to."""
    own = []
    for row in rows:
        wanted, number = row.example.id, 2
        unique = wanted
        while unique in seen:
            unique, number = f"{wanted}#{number}", number + 1
        seen.add(unique)
        own.append(Placed(replace(row.example, id=unique), row.place))
    return own


def split_readings(dataset: Dataset) -> tuple[SplitReading, ...]:
    """The records of what is in a data set's parts."""
    return tuple(
        SplitReading(
            name,
            len(part),
            count_labels(example.target for example in part) if dataset.labels else {},
            split_sha256(part),
        )
        for name, part in dataset.parts().items()
        if part or name != "validation"
    )


def split_sha256(examples: Iterable[Example]) -> str:
    """SHA-256 over ids and contents, the same whatever the order."""
    rows = sorted(json.dumps([e.id, e.text, e.target]) for e in examples)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def split_by_text(
    rows: Iterable[Placed],
    tally: Tally,
    test_share: float = TEST_SHARE,
    one_label: bool = True,
) -> Dataset:
    """Splits rows by the normal form of their text alone.

    A row is tested where the hash of its normal form, as a number from 0 to 1, lies below
    `test_share`. So near duplicates fall on one side, neither the file's order nor the other rows
    matter, and subsets of one data set are split alike. No split can do that and hold each label to an
    exact share: with n rows a label's share has a standard deviation of √(share·(1 - share)/n). For
    PhraseBank `SALT` was chosen so that it is close; `draw` stratifies exactly.

    Of rows with the same text, one is kept. With `one_label`, rows that are the same by their normal
    form and differ in their targets are all left out. Parts are ordered by id.

    Args:
        rows: what to split.
        tally: told what is left out.
        test_share: from 0 to 1.
        one_label: whether a text can have one right answer only.
    """
    groups: dict[str, list[Placed]] = {}
    for row in rows:
        groups.setdefault(normal_form(row.example.text), []).append(row)
    train: list[Example] = []
    test: list[Example] = []
    for form, group in groups.items():
        if one_label and len({row.example.target for row in group}) > 1:
            for row in group:
                tally.drop(TWO_LABELS, row.place)
            continue
        side = test if hash_fraction(form) < test_share else train
        side.extend(row.example for row in _without_repetitions(group, tally))
    return Dataset(_ordered(train), _ordered(test))


def hash_fraction(form: str) -> float:
    """A number from 0 to 1, below 1, that follows from a normal form."""
    digest = hashlib.sha256(
        f"{SALT}\0{SPLIT_SEED}\0{form}".encode("utf-8", "surrogatepass")
    ).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def keep_apart(
    train: Sequence[Placed],
    test: Sequence[Placed],
    validation: Sequence[Placed],
    tally: Tally,
    name: str = "text",
) -> Dataset:
    """Keeps the splits that a data set came with, and leaves out of train what they share.

    Left out, by normal form: of train, what stands in test or validation, and repetitions; of
    validation, what stands in test. Test stays whole.

    Args:
        train, test, validation: the data set's own parts.
        tally: told what is left out.
        name: what the texts are called in the reasons.
    """
    stands = {normal_form(row.example.text): "test" for row in test}
    kept: dict[str, list[Example]] = {"validation": [], "train": []}
    for part, rows in (("validation", validation), ("train", train)):
        for row in rows:
            form = normal_form(row.example.text)
            where = stands.get(form)
            if where == "test" or (where and part == "train"):
                tally.drop(f"{part}: the {name} stands in {where}", row.place)
            else:
                stands[form] = "train already" if part == "train" else part
                kept[part].append(row.example)
    return Dataset(
        tuple(kept["train"]),
        tuple(row.example for row in test),
        validation=tuple(kept["validation"]),
    )


def leaks(train: Iterable[Example], tested: Iterable[Example]) -> tuple[str, ...]:
    """Ids of train examples whose text, by its normal form, is tested; empty where all is well."""
    forms = {normal_form(example.text) for example in tested}
    return tuple(example.id for example in train if normal_form(example.text) in forms)


def text_id(text: str, prefix: str = "") -> str:
    """An id that follows from the text alone: 16 hexadecimal digits of its SHA-256."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{prefix}{digest[:16]}"


def _without_repetitions(group: Sequence[Placed], tally: Tally) -> list[Placed]:
    kept: dict[tuple[str, ...], Placed] = {}
    for row in group:
        same = (row.example.text, row.example.target, *row.example.choices)
        if same in kept:
            tally.drop(REPEATED, row.place)
        else:
            kept[same] = row
    return list(kept.values())


def _ordered(examples: Iterable[Example]) -> tuple[Example, ...]:
    return tuple(sorted(examples, key=lambda example: (example.id, example.text)))
