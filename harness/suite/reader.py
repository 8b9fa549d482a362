"""From a suite file to a `Suite`: everything that can be wrong is found here, all at once."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.errors import InputError
from harness.suite.checks.whole import check_references
from harness.suite.forgetting import with_forgetting
from harness.suite.known import Known
from harness.suite.loading import MOST_CHARACTERS
from harness.suite.problems import Problem, SuiteError, from_validation, literal_values
from harness.suite.replicas import with_replicas
from harness.suite.schema import SuiteSpec
from harness.suite.source_map import SourceMap


@dataclass(frozen=True)
class Suite:
    """A checked suite: what was asked for, and the text it was read from."""

    spec: SuiteSpec
    file: Path
    text: str

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the suite start from."""
        return self.file.parent

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_suite(file: Path, known: Known) -> Suite:
    """Reads and checks a suite file.

    Raises:
        InputError: the file cannot be read.
        SuiteError: the file has mistakes; the message lists all of them.
    """
    try:
        if file.stat().st_size > MOST_CHARACTERS:
            raise InputError(
                f"{file}: has {file.stat().st_size:,} bytes, and a suite {MOST_CHARACTERS:,} at most",
                "Is it the suite, and not its data?",
            )
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"{file}: there is no such file", "`harness init` writes a suite to start from."
        ) from None
    except OSError as error:
        said = error.strerror or str(error)
        raise InputError(f"{file}: cannot be read: {said}", "Name the suite's file.") from None
    except ValueError as error:
        hint = "Save it as UTF-8; editors have that among the options of saving."
        raise InputError(f"{file}: is no text in UTF-8: {error}", hint) from None
    return parse_suite(text, file, known)


def parse_suite(text: str, file: Path, known: Known) -> Suite:
    """Checks a suite's text; `file` is where it is said to stand.

    Raises:
        SuiteError: the text has mistakes.
    """
    try:
        source = SourceMap(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not valid YAML: {error.problem or error.context}"
        raise SuiteError(str(file), [Problem(line, column, "(file)", message)]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the character {text[error.position]!a} cannot stand in YAML"
        raise SuiteError(str(file), [Problem(line, column, "(file)", message)]) from None
    if not isinstance(source.data, dict):
        message = "a suite is a mapping with `name`, `models` and `tasks`"
        hint = "`harness init` writes a suite to start from."
        raise SuiteError(str(file), [Problem(1, 1, "(file)", message, hint)])

    problems = [
        Problem(
            r.place.line,
            r.place.column,
            ".".join(map(str, r.path)),
            f"this key stands twice; the first is in line {r.first.line}",
            "Keep one of them.",
        )
        for r in source.repeated
    ]
    problems += [
        Problem(
            of.place.line,
            of.place.column,
            ".".join(map(str, of.path)) or "(file)",
            of.said,
            "Write a text, a number, true or false, a list or a mapping.",
        )
        for of in source.faults
    ]
    if source.faults:
        raise SuiteError(str(file), problems)
    spec, invalid = _validate(source, problems)
    if spec is not None:
        spec = with_forgetting(spec)
        problems += check_references(spec, invalid, source, file.parent, known)
    if problems or spec is None:
        raise SuiteError(str(file), problems)
    return Suite(with_replicas(spec), file, text)


def _validate(
    source: SourceMap, problems: list[Problem]
) -> tuple[SuiteSpec | None, Mapping[str, frozenset[str]]]:
    """The spec, as far as it can be understood, and the names of entries that cannot be.

    One mistake must not hide another: wrong keys are mended or left out first, then entries that
    are still wrong, so that what remains can be checked too. Gates count by their index.
    """
    try:
        return SuiteSpec.model_validate(source.data), {}
    except ValidationError as error:
        problems += from_validation(error, source)
        data = copy.deepcopy(source.data)
        for item in error.errors(include_url=False):
            _mend(data, source.path_in_file(item["loc"]), item)
    invalid: dict[str, frozenset[str]] = {}
    try:
        return SuiteSpec.model_validate(data), invalid
    except ValidationError as error:
        invalid = _drop_invalid(data, error)
    try:
        return SuiteSpec.model_validate(data), invalid
    except ValidationError:
        return None, invalid


ENTRY_ERRORS = (
    "missing",
    "value_error",
    "union_tag_invalid",
    "union_tag_not_found",
    "model_type",
    "model_attributes_type",
)
"""Errors of an entry as a whole: no key of it can be left out to mend them."""


def _mend(data: Any, path: tuple[str | int, ...], error: ErrorDetails) -> None:
    """Puts a valid value where the error says which are valid, else leaves the key out."""
    *parents, last = path
    for part in parents:
        data = data[part]
    if error["type"] == "literal_error":
        data[last] = literal_values(error["loc"])[0]
    elif path == ("name",):
        data[last] = "unnamed"
    elif error["type"] not in ENTRY_ERRORS and isinstance(data, dict):
        data.pop(last, None)


def _drop_invalid(data: dict[str, Any], error: ValidationError) -> dict[str, frozenset[str]]:
    invalid: dict[str, set[str]] = {}
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        section, *path = (str(part) for part in item["loc"])
        if section in ("models", "tasks", "compare", "gates") and path:
            invalid.setdefault(section, set()).add(path[0])
        else:
            data.pop(section, None)
    for section, names in invalid.items():
        body = data[section]
        if isinstance(body, dict):
            data[section] = {k: v for k, v in body.items() if str(k) not in names}
        else:
            data[section] = [v for i, v in enumerate(body) if str(i) not in names]
    return {section: frozenset(names) for section, names in invalid.items()}
