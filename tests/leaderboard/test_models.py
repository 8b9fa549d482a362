"""Models are the same by how they were made, not by name; the newest run stands in the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.leaderboard.board import Board, build
from harness.leaderboard.collect import collect
from harness.leaderboard.pages.figures import shown
from tests.leaderboard.made import Run, coins

RECIPE: dict[str, Any] = {"method": "lora", "tasks": ["sentiment"], "epochs": 1.0}
TUNED: dict[str, Any] = {"from": "base", "finetune": RECIPE}


def board_of(*runs: Run, at: Path) -> Board:
    return build(collect([run.write(at / f"run-{n}") for n, run in enumerate(runs)]).results)


def run(name: str, entry: dict[str, Any], share: float = 0.7, **more: Any) -> Run:
    """A run of a base and of what is made from it."""
    models = {"base": {"source": "starter"}, name: entry}
    return Run(
        {(name, "sentiment"): coins(share), ("base", "sentiment"): coins(0.5)}, models, **more
    )


def names(board: Board) -> list[str]:
    return [model.name for model in board.models.values()]


def test_a_model_in_several_runs_stands_once_by_its_newest(tmp_path: Path) -> None:
    old = run("tuned", TUNED, 0.9, created="2026-11-01T00:00:00+00:00")
    new = run("tuned", TUNED, 0.6, created="2026-11-02T00:00:00+00:00", keys={"tuned": "remade"})
    board = board_of(new, old, at=tmp_path)
    assert names(board) == ["base", "tuned"]
    (one,) = board.groups
    tuned = next(of for of in board.models.values() if of.name == "tuned")
    figure = one.group.table[tuned.identity]
    assert figure.result.summary.created.startswith("2026-11-02")
    assert [of.made.key for of in one.group.by_model[tuned.identity]] == ["key of tuned", "remade"]


def test_moments_are_held_against_each_other_across_time_zones(tmp_path: Path) -> None:
    late = run("tuned", TUNED, created="2026-11-01T23:30:00-05:00")
    early = run("tuned", TUNED, created="2026-11-02T03:00:00+00:00")
    board = board_of(late, early, at=tmp_path)
    assert [one.summary.created[-6:] for one in board.results] == ["+00:00", "-05:00"]


def test_one_name_for_two_recipes_is_two_models_that_are_told_apart(tmp_path: Path) -> None:
    longer = {**TUNED, "finetune": {**RECIPE, "epochs": 3.0}}
    board = board_of(run("tuned", TUNED), run("tuned", longer), at=tmp_path)
    assert names(board) == ["base", "tuned", "tuned"]
    assert sorted(of.apart for of in board.models.values()) == ["", "epochs 1.0", "epochs 3.0"]


def test_two_names_for_one_recipe_are_one_model(tmp_path: Path) -> None:
    first = run("tuned", TUNED, created="2026-11-01")
    board = board_of(first, run("better", TUNED, created="2026-11-02"), at=tmp_path)
    assert names(board) == ["base", "better"]
    assert next(of.names for of in board.models.values() if of.name == "better") == ["tuned"]


def test_the_same_words_for_other_files_are_two_models(tmp_path: Path) -> None:
    entry = {"source": "./model"}
    runs = [
        Run({("m", "sentiment"): coins(0.5)}, {"m": entry}, keys={"m": key}) for key in ("a", "b")
    ]
    board = board_of(*runs, at=tmp_path)
    assert names(board) == ["m", "m"]
    assert len({of.apart for of in board.models.values()}) == 2


def test_other_seeds_and_other_loading_are_other_models(tmp_path: Path) -> None:
    seeded = {**TUNED, "finetune": {**RECIPE, "seed": 7}}
    loaded = {"source": "starter", "quantize": "nf4"}
    plain = run("tuned", TUNED)
    board = board_of(plain, run("tuned", seeded), run("loaded", loaded), at=tmp_path)
    assert names(board) == ["base", "loaded", "tuned", "tuned"]


def test_what_was_made_from_what_is_known_over_runs(tmp_path: Path) -> None:
    gguf = {"from": "tuned", "gguf": "F16"}
    models: dict[str, dict[str, Any]] = {
        "base": {"source": "starter"},
        "tuned": TUNED,
        "f16": gguf,
    }
    board = board_of(Run({(name, "sentiment"): coins(0.5) for name in models}, models), at=tmp_path)
    by_name = {of.name: identity for identity, of in board.models.items()}
    assert list(board.parents[by_name["f16"]]) == [by_name["tuned"]]
    assert board.children[by_name["base"]] == [by_name["tuned"]]
    assert board.models[by_name["f16"]].type == "F16"


def test_a_newer_failure_does_not_hide_what_was_found(tmp_path: Path) -> None:
    old = run("tuned", TUNED, created="2026-11-01")
    new = Run({("tuned", "sentiment"): None}, {"base": {"source": "starter"}, "tuned": TUNED})
    board = board_of(old, new, at=tmp_path)
    (one,) = board.groups
    tuned = next(identity for identity, of in board.models.items() if of.name == "tuned")
    assert [of.cell.status for of in one.group.by_model[tuned]] == ["ok", "failed"]
    assert one.group.table[tuned].cell.status == "ok" and tuned in one.ranking.ranks
    assert shown(one)[tuned].doubt.endswith("a newer run of it failed")
