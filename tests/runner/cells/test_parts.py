"""A cell that several workers answered: its seconds and tokens are those of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.runner.cells.parts import FILE, Parts
from harness.runner.jobs import Pace
from tests.runner.cells.test_lent import WHOLE, Bench, bench  # noqa: F401
from tests.tasks.fakes import FakeEngine

KEY = "k" * 64


def part(folder: Path, *paces: Pace, key: str = KEY) -> Pace:
    """What a worker finds of earlier ones, which then does as much itself."""
    parts = Parts(folder, key)
    with parts:
        for pace in paces:
            parts.note(pace)
    return parts.earlier


def test_parts_add_up_and_each_counts_with_its_last_note(tmp_path: Path) -> None:
    assert part(tmp_path, Pace(1, 10, 0.5), Pace(2, 25, 1.25)) == Pace(0, 0, 0.0)
    assert part(tmp_path, Pace(100, 1_000_000, 12_345.678)) == Pace(2, 25, 1.25)
    assert Parts(tmp_path, KEY).earlier == Pace(102, 1_000_025, 12_346.928)


def test_a_worker_that_answered_nothing_is_no_part(tmp_path: Path) -> None:
    part(tmp_path, Pace(2, 25, 1.25))
    assert part(tmp_path) == Pace(2, 25, 1.25) == Parts(tmp_path, KEY).earlier


def test_a_torn_line_and_parts_of_other_samples_do_not_count(tmp_path: Path) -> None:
    part(tmp_path, Pace(2, 25, 1.25))
    with (tmp_path / FILE).open("a") as stream:
        stream.write('["kkk')
    assert part(tmp_path, Pace(1, 1, 1.0)) == Pace(2, 25, 1.25)
    assert part(tmp_path, Pace(1, 1, 1.0), key="other") == Pace(0, 0, 0.0)
    assert Parts(tmp_path, KEY).earlier == Pace(0, 0, 0.0)


def test_a_cell_that_was_interrupted_counts_what_was_done_before(
    bench: Bench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scored = FakeEngine.choose
    left = [3]

    def choose(engine: FakeEngine, *given: object) -> object:
        for found in scored(engine, *given):  # type: ignore[arg-type]
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            yield found

    monkeypatch.setattr(FakeEngine, "choose", choose)
    with pytest.raises(KeyboardInterrupt):
        bench.run("s", WHOLE)
    file = tmp_path / "s" / "cells" / "m" / "t" / FILE
    (text,) = file.read_text().splitlines()
    file.write_text(text.replace(text.split(",")[3], f" {1000.0}]").ljust(159)[:159] + "\n")
    left[0] = 9
    cell = bench.run("s", WHOLE)
    assert 1000.0 < cell.seconds < 1100.0 and cell.answered is None
    assert not file.exists()
