"""Reading beside processes that put another make of an artifact in the place of one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from harness.files import put_in_place
from harness.runner.steady import steadily


def make(folder: Path, content: str) -> None:
    """Puts a model of two files in place."""
    scratch = folder.with_name("scratch")
    scratch.mkdir()
    for name in ("config", "weights"):
        (scratch / name).write_text(content)
    put_in_place(scratch, folder)


def reading(folder: Path, between: list[Callable[[], None]]) -> Callable[[], str]:
    """Reads both files; before the second one, each time, something happens."""

    def read() -> str:
        first = (folder / "config").read_text()
        if between:
            between.pop(0)()
        return first + (folder / "weights").read_text()

    return read


def test_what_is_read_is_of_one_make(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    forgotten: list[str] = []
    make(folder, "old")
    between = [lambda: make(folder, "new"), lambda: make(folder, "newer")]
    found = steadily([str(folder)], reading(folder, [*between]), lambda: forgotten.append("half"))
    assert found == "newernewer" and len(forgotten) == 2
    assert reading(folder, [lambda: make(folder, "mixed")])() == "newermixed", "as it would be else"


def test_one_that_was_gone_for_a_moment_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    make(folder, "old")

    def gone() -> None:
        shutil.rmtree(folder)
        with pytest.raises(FileNotFoundError):
            (folder / "weights").read_text()
        make(folder, "new")
        raise FileNotFoundError

    assert steadily([str(folder)], reading(folder, [gone])) == "newnew"


def test_what_fails_for_another_reason_fails_once(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    tried: list[str] = []
    make(folder, "old")

    def fail() -> None:
        tried.append("once")
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        steadily([str(folder)], fail)
    assert tried == ["once"]


def test_what_is_replaced_without_end_is_read_in_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    make(folder, "0")
    again: list[Callable[[], None]] = [partial(make, folder, str(number)) for number in range(100)]
    assert steadily([str(folder)], reading(folder, again))
    assert len(again) > 80
