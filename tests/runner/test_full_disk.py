"""A disk that is full at any moment: nothing half-written counts, and the next run ends in the same figures."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.disk import disk_fault
from tests.cli.test_commands import run as command
from tests.pipeline.in_process import run_here
from tests.runner.test_damaged import QUICK_SUITE, Place, Undisturbed, figures, undisturbed


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("quick"), QUICK_SUITE)


@contextmanager
def full_from(call: int, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Has the disk be full from a call on, of those that put something on it; notes all calls."""
    made: list[str] = []

    def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call_it(*given: Any, **how: Any) -> Any:
            made.append(name)
            if len(made) >= call:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*given, **how)

        return call_it

    with patch.context() as here:
        for name in ("fsync", "replace"):
            here.setattr(os, name, failing(name, getattr(os, name)))
        yield made


def fails_and_goes_on(
    folder: Path, call: int, quick: Undisturbed, patch: pytest.MonkeyPatch
) -> None:
    run_here(patch)
    (folder / "small.yaml").write_text(QUICK_SUITE)
    place = Place(folder)
    with full_from(call, patch):
        try:
            _, outcome = place.run()
            assert outcome.failures
        except OSError as error:
            assert disk_fault(error) is not None
    prepared, outcome = place.run()
    assert not outcome.failures and figures(outcome.summary) == quick.figures
    assert prepared.damaged() == [], "what was written is whole"
    left = [of.name for of in folder.rglob(".*") if not of.name.endswith(".lock")]
    assert left == [], "nothing half-written stays"


@pytest.mark.parametrize("call", [1, 9, 21])
def test_a_disk_that_becomes_full_costs_nothing_that_was_whole(
    tmp_path: Path, quick: Undisturbed, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    fails_and_goes_on(tmp_path, call, quick, monkeypatch)


@pytest.mark.soak
def test_wherever_it_becomes_full(
    tmp_path: Path, quick: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_from(10**9, monkeypatch) as made:
        run_here(monkeypatch)
        (tmp_path / "small.yaml").write_text(QUICK_SUITE)
        Place(tmp_path).run()
    assert len(made) > 20
    for call in range(1, len(made) + 1):
        folder = tmp_path / f"{call}"
        folder.mkdir()
        fails_and_goes_on(folder, call, quick, monkeypatch)
        shutil.rmtree(folder)


@pytest.mark.usefixtures("forked")
def test_the_command_says_so_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "small.yaml").write_text(QUICK_SUITE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(os, "fsync", full)
    code, _, said = command("run", "small.yaml", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1 and "Traceback" not in said
    assert re.search("error: /.+: the disk is full\nhint: Make room", said)
