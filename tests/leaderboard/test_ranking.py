"""The rule of ranks, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.leaderboard.board import Board, build
from harness.leaderboard.collect import collect
from harness.leaderboard.ranking import Ranking, tiers
from harness.sealed import read_sealed, write_sealed
from tests.leaderboard.made import DIALOGUE, Run, coins


def board_of(*runs: Run, at: Path) -> Board:
    """The leaderboard of these runs."""
    return build(collect([run.write(at / f"run-{n}") for n, run in enumerate(runs)]).results)


def ranking_of(*runs: Run, at: Path) -> tuple[Ranking, dict[str, int]]:
    """The one ranking of a leaderboard, and its ranks by the models' names."""
    board = board_of(*runs, at=at)
    (one,) = board.groups
    return one.ranking, {board.models[of].name: rank for of, rank in one.ranking.ranks.items()}


@given(arrays(np.bool_, st.integers(1, 9).map(lambda n: (n, n))))
def test_ranks_contradict_neither_the_figures_nor_what_is_shown(found: np.ndarray) -> None:
    better = np.triu(found, 1)  # models stand in the order of their figures
    ranks = tiers(better)
    assert ranks[0] == 1
    assert ranks == sorted(ranks), "a better figure has no worse rank"
    for i, j in zip(*np.nonzero(better), strict=True):
        assert ranks[i] < ranks[j], "who is significantly better has the better rank"
    for place, rank in enumerate(ranks):
        assert rank == 1 + sum(other < rank for other in ranks)
        if place and rank > ranks[place - 1]:
            before = [i for i in range(place) if ranks[i] == ranks[place - 1]]
            assert better[before, place].any(), "a new rank has a reason"


def test_models_share_a_rank_where_nothing_is_shown(tmp_path: Path) -> None:
    clear, base = coins(0.9, 400), coins(0.9, 400).copy()
    near = base.copy()
    near[:3] = 1 - near[:3]
    far = np.where(coins(0.4, 400, 5) > 0, 0.0, base)
    models = {"clear": {"source": "a"}, "near": {"source": "b"}, "far": {"source": "c"}}
    scores = {(name, "sentiment"): of for name, of in zip(models, (clear, near, far), strict=True)}
    ranking, ranks = ranking_of(Run(scores, models), at=tmp_path)
    assert ranks == {"clear": 1, "near": 1, "far": 3}
    assert sorted(ranking.shared.values()) == [False, True, True]
    assert ranking.pairs is not None and ranking.pairs.paired.sum() == 6


def test_many_models_take_more_to_tell_two_of_them_apart(tmp_path: Path) -> None:
    base = np.ones(300)
    low = base.copy()
    low[:9] = 0.0  # McNemar's p is 0.004
    few = Run({("a", "sentiment"): base, ("b", "sentiment"): low}, two("a", "b"))
    assert ranking_of(few, at=tmp_path / "few")[1] == {"a": 1, "b": 2}
    names = ["a", "b", *(f"m{n}" for n in range(10))]
    scores = {(name, "sentiment"): low if name == "b" else base for name in names}
    assert set(ranking_of(Run(scores, two(*names)), at=tmp_path / "many")[1].values()) == {1}


def two(*names: str) -> dict[str, dict[str, str]]:
    """Models of these names, each another one."""
    return {name: {"source": f"org/{name}"} for name in names}


@pytest.mark.parametrize("samples", [True, False])
def test_without_samples_only_intervals_tell_models_apart(samples: bool, tmp_path: Path) -> None:
    base = coins(0.8, 300)
    low = base.copy()
    low[np.flatnonzero(base)[:15]] = 0.0  # 5 points, and intervals of 4.5 either way
    scores = {("a", "sentiment"): base, ("b", "sentiment"): low}
    ranking, ranks = ranking_of(Run(scores, two("a", "b"), samples=samples), at=tmp_path)
    assert ranks == ({"a": 1, "b": 2} if samples else {"a": 1, "b": 1})
    assert len(ranking.unpaired) == (0 if samples else 2)


def test_samples_that_do_not_give_the_figure_are_not_believed(tmp_path: Path) -> None:
    scores = {("a", "sentiment"): np.ones(50), ("b", "sentiment"): np.zeros(50)}
    folder = Run(scores, two("a", "b")).write(tmp_path / "run")
    file = folder / "cells" / "a" / "sentiment" / "samples.jsonl"
    file.write_text(file.read_text().replace('"accuracy":1.0', '"accuracy":0.0', 1))
    (one,) = build(collect([folder]).results).groups
    assert len(one.ranking.unpaired) == 2


def test_what_is_better_when_lower_is_ranked_so(tmp_path: Path) -> None:
    folder = Run({("a", "sentiment"): np.ones(50), ("b", "sentiment"): np.zeros(50)}, two("a", "b"))
    path = folder.write(tmp_path / "run") / "summary.json"
    text = json.dumps(read_sealed(path).data)
    write_sealed(
        path, json.loads(text.replace('"higher_is_better": true', '"higher_is_better": false'))
    )
    board = build(collect([path]).results)
    (one,) = board.groups
    assert [board.models[of].name for of in one.ranking.models] == ["b", "a"]


def test_texts_are_ranked_by_a_paired_t_test(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    base = rng.beta(2, 5, 100)
    scores = {("a", "dialogue"): base + rng.normal(0.02, 0.02, 100), ("b", "dialogue"): base}
    run = Run(scores, two("a", "b"), {"dialogue": DIALOGUE})
    assert ranking_of(run, at=tmp_path)[1] == {"a": 1, "b": 2}
