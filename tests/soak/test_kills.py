"""A run that is killed at random moments, and started again, ends as one that nobody disturbed.

`make soak KILLS=200 SEED=1` kills more often, over every phase; `make test` a few times over a small suite.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.soak import runs
from tests.soak.forked import import_all
from tests.soak.killer import Killer, durations
from tests.soak.runs import Place


@pytest.fixture(autouse=True)
def imported() -> None:
    """All that the processes import, once."""
    import_all()


def hold(folder: Path, suite: str, seed: int, kills: int, places: int = 10**6) -> Killer:
    """Kills runs of a suite as often as that, in as many places at most, and holds what they leave against an
    undisturbed one."""
    undisturbed = Place.make(folder / "undisturbed", suite)
    began = time.time()
    undisturbed.finish()
    wanted, made = runs.summary(undisturbed), runs.artifacts(undisturbed)
    assert runs.left_over(undisturbed) == []
    killer = Killer(seed, durations(undisturbed, began, time.time()))
    number = 0
    while killer.kills < kills and number < places:
        number += 1
        place = Place.make(folder / f"disturbed-{number}", suite, undisturbed)
        live_through(killer, place, kills - killer.kills)
        where = f"seed {seed}, run {number}, {killer.phases}"
        assert runs.summary(place) == wanted, where
        assert runs.artifacts(place) == made, where
        assert runs.pages(place) == runs.pages(undisturbed), where
        assert runs.left_over(place) == [], where
        asked = {cell: len(lines) for cell, lines in runs.samples(place).items()}
        assert asked == {cell: len(lines) for cell, lines in runs.samples(undisturbed).items()}, (
            where
        )
        print(f"run {number} held after {killer.kills} kills: {dict(killer.phases)}", flush=True)
        shutil.rmtree(place.folder)
    return killer


def live_through(killer: Killer, place: Place, most: int) -> None:
    """Disturbs runs in every phase; no finished sample is lost, or asked again, on the way."""
    had: dict[str, list[str]] = {}
    killer.begin(most)
    while not killer.is_through:
        killer.disturb(place)
        have = runs.samples(place)
        for cell, lines in had.items():
            assert set(lines) <= set(have[cell]), f"{cell} lost or asked again what it had"
        had = have
    killer.let_end()
    place.finish()
    for cell, lines in had.items():
        assert set(lines) <= set(runs.samples(place)[cell]), (
            f"{cell} lost or asked again what it had"
        )


def test_a_run_that_is_killed_a_few_times_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    assert hold(tmp_path, runs.SMALL, seed=16, kills=6, places=1).kills


@pytest.mark.soak
def test_runs_that_are_killed_in_every_phase_end_like_an_undisturbed_one(tmp_path: Path) -> None:
    seed, kills = int(os.environ.get("SEED", "1")), int(os.environ.get("KILLS", "200"))
    killer = hold(tmp_path, runs.SUITE, seed, kills)
    print(f"\nseed {seed}, {killer.kills} kills: {dict(killer.targets)}")
    for phase, count in killer.phases.most_common():
        print(f"{count:5}  {phase}")
