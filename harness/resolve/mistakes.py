"""Mistakes that show when data is read: collected, so that one does not hide another, and told as the suite's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from harness.errors import AbsentDataError, BadDataError, InputError
from harness.suite.checks.found import Found, KeyPath
from harness.suite.problems import Problem, SuiteError
from harness.suite.reader import Suite
from harness.suite.source_map import SourceMap


class Mistakes:
    """What is wrong with the data of a suite, by the keys that name it."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._found: list[Found] = []

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Notes what is wrong with what is named there, and goes on."""
        key: KeyPath = path
        try:
            yield
        except AbsentDataError:
            raise
        except (BadDataError, InputError) as error:
            self._found.append((key, error.message, error.hint))

    def add(self, found: Iterable[Found]) -> None:
        """Notes what a check found."""
        self._found += found

    def tell(self) -> None:
        """Goes on where nothing was wrong.

        Raises:
            SuiteError: something was.
        """
        if not self._found:
            return
        source = SourceMap(self._suite.text)
        problems = []
        for path, message, hint in self._found:
            place = source.place(path)
            key = ".".join(map(str, path))
            problems.append(Problem(place.line, place.column, key, message, hint))
        raise SuiteError(str(self._suite.file), problems)
