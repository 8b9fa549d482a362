"""Data sets of a user's own: a table or two, a prompt and a target as templates, label names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from harness.data.choices import RowChoices
from harness.data.datasets import Dataset, DatasetInfo, Example, Loaded, Phrasing, TaskKind
from harness.data.decoding import clean_text
from harness.data.doubts import LostText, doubts
from harness.data.readings import Reading, Tally
from harness.data.splits import (
    SPLIT_SEED,
    SPLITTING,
    TEST_SHARE,
    Placed,
    keep_apart,
    split_by_text,
    split_readings,
    text_id,
    with_own_ids,
)
from harness.data.tables import DataTable, TableFormat, read_table
from harness.data.templates import RowTemplate
from harness.errors import BadDataError, InputError
from harness.sandbox import SECONDS, OutOfBoundsError, bounded

AS_IT_IS = Phrasing(instruction="{text}", plain="{text}")
"""The prompt template has said all there is to say."""
ROWS_A_SECOND = 1000
"""That templates fill in at least."""


@dataclass(frozen=True)
class OwnData:
    """What a user says of a data set. Either `file`, which is split, or `train` and `test`.

    `labels` gives the answers for `classify`: names, or by the value in the table its name
    (`{"0": "negative"}`). Empty, they are what the targets are. `id` is a column with the rows' names;
    without, they follow from the prompt.
    """

    name: str
    kind: TaskKind
    prompt: str
    target: str
    file: Path | None = None
    train: Path | None = None
    test: Path | None = None
    labels: Mapping[str, str] | tuple[str, ...] = ()
    id: str | None = None
    test_share: float = TEST_SHARE
    parts: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Files by part, in place of `file`, `train` and `test`: train, test and perhaps validation, or all;
    a part may lie in several files."""
    origin: str = ""
    """Where the files are from, in words."""
    source: str = ""
    """What else the rows follow from, such as a hash of what made them: a part of the key."""
    choices: str | tuple[str, ...] = ()
    """What each row's answer is chosen from (`RowChoices`)."""
    delimiter: str = ""
    encoding: str = ""
    """Of the files, as `TableFormat` has them."""

    @property
    def labelled(self) -> bool:
        """Whether every answer is one of a set of labels."""
        return self.kind == "classify"

    def files(self) -> dict[str, tuple[Path, ...]]:
        """The files by part, with `all` for one that is to be split.

        Raises:
            InputError: neither `file`, nor `train` and `test`; or both.
        """
        if self.parts:
            return dict(self.parts)
        if self.file is not None and self.train is None and self.test is None:
            return {"all": (self.file,)}
        if self.file is None and self.train is not None and self.test is not None:
            return {"train": (self.train,), "test": (self.test,)}
        raise InputError(
            f"data set {self.name}: say either file, which is split, or train and test"
        )


def own_info(own: OwnData) -> DatasetInfo:
    """The data set in the form in which `DATASETS` has the embedded ones."""
    variant = {**asdict(own), "splitting": SPLITTING, "split_seed": SPLIT_SEED}
    for key in ("file", "train", "test", "name", "parts", "origin", "source"):
        del variant[key]
    if own.parts:
        variant["parts"] = {part: len(files) for part, files in own.parts.items()}
    if own.source:
        variant["source"] = own.source
    for key in ("choices", "delimiter", "encoding"):
        if not variant[key]:
            del variant[key]
    files = tuple(file for files in own.files().values() for file in files)
    origin = own.origin or ", ".join(map(str, files))
    return DatasetInfo(
        name=own.name,
        kind=own.kind,
        description=f"a data set of the user's own: {origin}",
        licence="not stated",
        phrasing=AS_IT_IS,
        files=files,
        load=_read_once(own, files),
        variant=json.dumps(variant, sort_keys=True),
    )


def _read_once(own: OwnData, files: tuple[Path, ...]) -> Callable[[], Loaded]:
    """Reads the files when they are first asked for, and again where they have changed."""
    read = lru_cache(maxsize=1)(lambda stamps: read_own(own))
    return lambda: read(tuple(_stamp(file) for file in files))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)


def read_own(own: OwnData) -> Loaded:
    """Reads a user's data set.

    One file is split by the prompts' texts (`split_by_text`); for `classify`, prompts with two answers
    are left out. Of files for train and test, train rows whose prompt is tested are left out, and
    repetitions. Rows whose prompt or target is empty are left out. All is counted.

    Raises:
        InputError: a file is missing or no table, a template is wrong or names a missing column.
        BadDataError: a file is damaged; a row lacks a column or has a label that is not known, or choices
            that are none.
    """
    if not 0 < own.test_share < 1:
        raise InputError(f"data set {own.name}: test_share is {own.test_share}; say 0 < share < 1")
    prompt, target = RowTemplate("prompt", own.prompt), RowTemplate("target", own.target)
    if not prompt.wants:
        raise InputError(
            f"data set {own.name}: `prompt` names no column, so that all rows are alike: {own.prompt!r:.60}",
            "Write `{{ column }}`, with two braces.",
        )
    choices = RowChoices(own.choices) if own.choices else None
    form = TableFormat(own.delimiter, own.encoding)
    by_part = {
        part: [read_table(path, form=form) for path in paths] for part, paths in own.files().items()
    }
    tables = [table for found in by_part.values() for table in found]
    tally, lost = Tally(), LostText(prompt.wants)
    seen, rows = set[str](), dict[str, list[Placed]]()
    for part, table in ((name, table) for name in sorted(by_part) for table in by_part[name]):
        if not table.rows:
            what = "it is empty" if not table.source.bytes else "it holds no rows"
            raise BadDataError(f"{table.source.path}: {what}", "Name another file.")
        for template in (prompt, target):
            template.check(table.columns, table.source.path)
        if choices is not None:
            choices.check(table.columns, table.source.path)
        if own.id is not None and own.id not in table.columns:
            columns = ", ".join(table.columns)
            raise InputError(
                f"id: no column {own.id!r} in {table.source.path}; there are: {columns}"
            )
        made = _rows(own, table, (prompt, target), choices, tally, lost)
        read = with_own_ids(made, seen)
        rows.setdefault(part, []).extend(read)
    split = _split(own, rows, tally)
    dataset = replace(split, labels=_label_names(own, split))
    reading = Reading(
        dataset=own.name,
        options={},
        sources=tuple(table.source for table in tables),
        read={part: sum(len(table.rows) for table in found) for part, found in by_part.items()},
        dropped=tally.dropped(),
        splits=split_readings(dataset),
        complaints=(*doubts(dataset), *lost.doubts()),
        notes=tuple(note for table in tables for note in table.notes),
    )
    return Loaded(dataset, reading)


def _split(own: OwnData, rows: Mapping[str, list[Placed]], tally: Tally) -> Dataset:
    if "all" in rows:
        return split_by_text(rows["all"], tally, own.test_share, own.labelled)
    return keep_apart(rows["train"], rows["test"], rows.get("validation", []), tally, "prompt")


def _rows(
    own: OwnData,
    table: DataTable,
    templates: tuple[RowTemplate, RowTemplate],
    choices: RowChoices | None,
    tally: Tally,
    lost: LostText,
) -> Iterator[Placed]:
    made = _filled_in(table, templates, choices, lost)
    for row, place, (text, answer, among) in zip(table.rows, table.places, made, strict=True):
        if not text or lost.is_empty(row):
            tally.drop("an empty prompt", place)
        elif not answer:
            tally.drop("an empty target", place)
        else:
            lost.see(text, row)
            given = row.get(own.id) if own.id is not None else None
            name = text_id("\n".join((text, *among))) if given in (None, "") else str(given)
            yield Placed(Example(name, text, _label(own, answer, place), among), place)


def _filled_in(
    table: DataTable,
    templates: tuple[RowTemplate, RowTemplate],
    choices: RowChoices | None,
    lost: LostText,
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Prompt, target and choices of every row; the choices only of rows that are not left out."""

    def fill(mark: Callable[[int], None]) -> list[tuple[str, str, tuple[str, ...]]]:
        found = []
        for number, (row, place) in enumerate(zip(table.rows, table.places, strict=True)):
            mark(number)
            text, answer = (clean_text(template.render(row, place)) for template in templates)
            asked = text and answer and not lost.is_empty(row)
            among = choices.of_row(row, answer, place) if choices and asked else ()
            found.append((text, answer, among))
        return found

    try:
        return bounded(fill, SECONDS + len(table.rows) // ROWS_A_SECOND)
    except OutOfBoundsError as error:
        raise BadDataError(
            f"{table.places[error.at]}: the templates `prompt`, `target` or `choices`: {error}",
            "Mend the loop, or what grows, in the template.",
        ) from None


def _label(own: OwnData, answer: str, place: str) -> str:
    if not (own.labelled and own.labels):
        return answer
    if isinstance(own.labels, Mapping):
        if answer in own.labels:
            return own.labels[answer]
        known, names = tuple(own.labels), tuple(own.labels.values())
    else:
        known = names = own.labels
    if answer in names:
        return answer
    raise BadDataError(
        f"{place}: label {answer!r:.60} is none of: {', '.join(known)}",
        "Add it to the labels, or mend the target's template.",
    )


def _label_names(own: OwnData, split: Dataset) -> tuple[str, ...]:
    if not own.labelled:
        return ()
    named = own.labels.values() if isinstance(own.labels, Mapping) else own.labels
    found = sorted({example.target for example in (*split.train, *split.test)})
    return tuple(dict.fromkeys(named)) or tuple(found)
