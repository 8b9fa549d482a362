"""Work that is shared out among processes gives what it gives in one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.leaderboard import samples
from harness.leaderboard import site as sites
from harness.leaderboard.board import build
from harness.leaderboard.collect import collect
from harness.leaderboard.site import site
from harness.leaderboard.spread import spread
from tests.leaderboard.many import write_many

SEVERAL = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def squares(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number * number, os.getpid()) for number in numbers]


@pytest.mark.parametrize("worth", [False, True])
@pytest.mark.parametrize("count", [0, 1, 5, 64, 1000])
def test_all_is_done_once_and_in_order(worth: bool, count: int) -> None:
    found = [square for square, _ in spread(squares, range(count), worth)]
    assert found == [number * number for number in range(count)]


@pytest.mark.skipif(not SEVERAL, reason="one processor, or no safe copy of a process")
def test_only_what_is_worth_it_leaves_this_process() -> None:
    here, there = (
        {process for _, process in spread(squares, range(100), worth)} for worth in (False, True)
    )
    assert here == {os.getpid()}
    assert os.getpid() not in there


@pytest.mark.parametrize("worth", [False, True])
def test_a_mistake_in_the_work_is_the_callers(worth: bool) -> None:
    with pytest.raises(ZeroDivisionError):
        list(spread(lambda numbers: [1 // number for number in numbers], [1, 0, 2], worth))


def test_a_site_is_the_same_from_one_process_and_from_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_many(tmp_path / "results", models=12, tasks=3, examples=30, together=4)
    alone = site(build(collect([folder]).results))
    monkeypatch.setattr(samples, "MANY", 0)
    monkeypatch.setattr(sites, "MANY", 0)
    shared = site(build(collect([folder]).results))
    assert shared == alone
    assert [*shared] == [*alone]
