"""Data sets and instruction data of a user's own: in files, on the Hub, from a Python function."""

from __future__ import annotations

import codecs
from abc import abstractmethod
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic_core import CoreSchema

from harness.suite.schema.entry import Entry

Labels = list[str] | dict[str, str]
REPO = r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$"


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(
            f"`{name}` is no encoding that is known here, such as windows-1251"
        ) from None
    return name


class OwnDataset(Entry):
    """A data set of the user's own."""

    labels: Labels | None = Field(
        None,
        description="For `classify`: the labels, or a name for each value in the data. Default: the "
        "targets that occur.",
    )

    @property
    @abstractmethod
    def title(self) -> str:
        """What a report calls it."""


class TemplatedDataset(OwnDataset):
    """Rows of tables, put and answered by two templates over their columns."""

    prompt: str = Field(description='What the model is asked, such as "{{ title }}\n\nTopic:".')
    target: str = Field(description='The right answer, such as "{{ topic }}".')
    choices: str | Annotated[list[str], Field(min_length=2)] | None = Field(
        None,
        description="Where each row has choices of its own: a template for each, or one that gives a "
        'list, such as "{{ choices.text }}". `target` gives the text of the right one.',
    )
    id: str | None = Field(None, description="A column that names the rows.")
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description='Of CSV and TSV, between columns, such as ";". Default: by the file\'s ending.',
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(
        None, description="Of files that are not UTF-8, such as windows-1251."
    )


class HubPlace(Entry):
    """The place of a data set on the Hub."""

    hub: str = Field(pattern=REPO, description="The data set on the Hub: org/name.")
    revision: str | None = Field(None, description="A branch, tag or commit; default: main.")
    config: str | None = Field(
        None, description="Which of its configurations, where there are several."
    )


class TableDataset(TemplatedDataset):
    """A table (CSV, TSV, JSON, JSON lines, Parquet), and two templates: Jinja over a row's columns."""

    file: str | None = Field(
        None,
        description="A file, relative to the suite file; a fifth of its rows is tested, drawn by "
        "their text, the rest is for training and shots.",
    )
    train: str | None = Field(None, description="In place of `file`: the rows for training, shots.")
    test: str | None = Field(None, description="In place of `file`: the rows that are tested.")
    test_share: float | None = Field(None, gt=0, lt=1, description="Of `file`; default: 0.2.")

    @model_validator(mode="after")
    def _one_kind_of_file(self) -> TableDataset:
        if (self.file is None) == (self.train is None and self.test is None):
            raise ValueError("a data set takes `file`, or `train` and `test`")
        return self

    @model_validator(mode="after")
    def _parts_go_together(self) -> TableDataset:
        if (self.train is None) != (self.test is None):
            raise ValueError("`train` and `test` go together")
        if self.test_share is not None and self.train is not None:
            raise ValueError("`test_share` belongs to `file`")
        return self

    @property
    def title(self) -> str:
        return (self.file or str(self.test)).replace("\\", "/").split("/")[-1]


class HubDataset(TemplatedDataset, HubPlace):
    """A data set on the Hub, in files that are tables, and two templates over a row's columns."""

    file: str | None = Field(
        None,
        description="A file of the repo, or a pattern such as data/*.parquet, that is split as a file "
        "of your own is. Default, here and below: found by the usual names.",
    )
    train: str | None = Field(None, description="The file, or a pattern, for training and shots.")
    test: str | None = Field(None, description="The file, or a pattern, that is tested.")
    test_share: float | None = Field(
        None, gt=0, lt=1, description="Of files that are split here; default: 0.2."
    )

    @model_validator(mode="after")
    def _parts_go_together(self) -> HubDataset:
        if (self.train is None) != (self.test is None):
            raise ValueError("`train` and `test` go together")
        if self.file is not None and self.train is not None:
            raise ValueError("a data set takes `file`, or `train` and `test`")
        if self.config is not None and (self.file or self.train):
            raise ValueError("`config` finds the files, so it does not go with naming them")
        if self.test_share is not None and self.train is not None:
            raise ValueError("`test_share` does not go with `test`")
        return self

    @property
    def title(self) -> str:
        return self.hub if self.config is None else f"{self.hub} ({self.config})"


class PythonDataset(OwnDataset):
    """What a Python function gives: {train: …, test: …}, maybe validation; each a series of mappings
    with `prompt` (or `text`), `target`, and perhaps `id`."""

    python: str = Field(
        description="file.py:function, relative to the suite file, or package.module:function."
    )

    @property
    def title(self) -> str:
        return self.python.replace("\\", "/").split("/")[-1]


def _kind_of_dataset(value: Any) -> str:
    if isinstance(value, dict):
        return "(function)" if "python" in value else "(hub)" if "hub" in value else "(table)"
    if isinstance(value, PythonDataset | HubDataset):
        return "(function)" if isinstance(value, PythonDataset) else "(hub)"
    return "(table)" if isinstance(value, TableDataset) else "(name)"


AnyDataset = Annotated[
    Annotated[str, Tag("(name)")]
    | Annotated[TableDataset, Tag("(table)")]
    | Annotated[HubDataset, Tag("(hub)")]
    | Annotated[PythonDataset, Tag("(function)")],
    Discriminator(_kind_of_dataset),
]
"""A data set by name, or one of a user's own."""


class HubInstructions(HubPlace):
    """Instruction data on the Hub."""

    file: str | None = Field(
        None,
        description="A file of the repo, or a pattern. Default: its train part, or its only table.",
    )


def _kind_of_instructions(value: Any) -> str:
    return "(instructions)" if isinstance(value, dict | HubInstructions) else "(file)"


AnyInstructions = Annotated[
    Annotated[str, Tag("(file)")] | Annotated[HubInstructions, Tag("(instructions)")],
    Discriminator(_kind_of_instructions),
]
"""Instruction data in a file, or on the Hub."""


class _OneOrSeveral:
    """A schema for editors, in which an entry may stand by itself, in place of a list of one."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        several = handler(core)
        return {"anyOf": [several["items"], several]}


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


InstructionData = Annotated[
    list[AnyInstructions], Field(min_length=1), BeforeValidator(_several), _OneOrSeveral()
]

DATA_KINDS: dict[str, type[Entry]] = {
    "(table)": TableDataset,
    "(hub)": HubDataset,
    "(function)": PythonDataset,
    "(instructions)": HubInstructions,
}
"""Kinds of data sets by the words that stand in the places of mistakes."""
