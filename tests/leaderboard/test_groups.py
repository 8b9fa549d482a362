"""What was not asked alike is never ranked together, and the groups say what differs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard.board import Board, build
from harness.leaderboard.collect import collect
from harness.leaderboard.groups import differences
from harness.sealed import SEAL, write_sealed
from tests.leaderboard.made import DIALOGUE, SENTIMENT, Run, coins

SPEED = {"type": "speed"}


def one(model: str, n: int = 60, task: str = "sentiment", **more: Any) -> Run:
    """A run of one model on one task."""
    models = {model: {"source": f"org/{model}"}}
    return Run({(model, task): coins(0.7, n)}, models, **more)


def board_of(*runs: Run, at: Path) -> Board:
    return build(collect([run.write(at / f"run-{n}") for n, run in enumerate(runs)]).results)


def groups_of(*runs: Run, at: Path) -> list[list[str]]:
    """Names of the models of each group."""
    board = board_of(*runs, at=at)
    return sorted(sorted(of.made.name for of in g.group.figures) for g in board.groups)


def asked(**settings: Any) -> dict[str, dict[str, Any]]:
    """The task with other settings."""
    return {"sentiment": {**SENTIMENT, **settings}}


def test_runs_that_asked_the_same_are_one_group_whatever_they_call_the_task(tmp_path: Path) -> None:
    other = Run(
        {("b", "mood"): coins(0.6, 60)}, {"b": {"source": "org/b"}}, tasks={"mood": SENTIMENT}
    )
    assert groups_of(one("a"), other, at=tmp_path) == [["a", "b"]]


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"n": 40}, "examples"),
        ({"ids": "validation"}, "ids and right answers"),
        ({"tasks": asked(shots=3)}, "shots"),
        ({"tasks": asked(prompt="{text}?")}, "prompt"),
        ({"tasks": asked(ask="generate", max_new_tokens=40)}, "max_new_tokens"),
        ({"tasks": {"sentiment": {**SENTIMENT, "dataset": "financial_phrasebank"}}}, ""),
        ({"available": 60}, "examples"),
        ({"prompts": {"sentiment": "other words"}, "keys": {"b": "the same files"}}, "prompts"),
    ],
)
def test_what_was_asked_otherwise_stands_apart(
    otherwise: dict[str, Any], said: str, tmp_path: Path
) -> None:
    first = one("a", prompts={"sentiment": "words"}, keys={"a": "the same files"})
    board = board_of(first, one("b", **otherwise), at=tmp_path)
    assert [len(of.group.figures) for of in board.groups] == [1, 1]
    apart = [of.name for of in differences([of.group for of in board.groups])]
    assert any(name.startswith(said) for name in apart)
    assert len(board.pages) == (1 if said else 2), "another data set has a page of its own"


def test_how_much_is_asked_of_whom_and_where_data_lie_sets_nothing_apart(tmp_path: Path) -> None:
    tasks = asked(limit=60, models=["b"], data_dir="elsewhere")
    assert groups_of(one("a"), one("b", tasks=tasks), at=tmp_path) == [["a", "b"]]


def test_other_settings_of_a_sources_prompts_stand_apart(tmp_path: Path) -> None:
    plain = replace(one("b"), models={"b": {"source": "org/b", "chat_template": "none"}})
    assert groups_of(one("a"), plain, at=tmp_path) == [["a"], ["b"]]


def test_words_of_another_version_split_only_what_they_concern(tmp_path: Path) -> None:
    def told(model: str, words: str, other: str, created: str) -> Run:
        scores = {(model, "sentiment"): coins(0.7, 60), (f"o{model}", "sentiment"): coins(0.6, 60)}
        return Run(
            scores,
            {name: {"source": f"org/{name}"} for name, _ in scores},
            keys={model: "llama", f"o{model}": "qwen"},
            prompts={"sentiment": words},
            created=created,
            name=other,
        )

    runs = [
        told("a", "old words", "one", "2026-11-01"),
        told("b", "old words", "two", "2026-11-02"),
        told("c", "new words", "three", "2026-11-03"),
    ]
    assert groups_of(*runs, at=tmp_path) == [["a", "b", "oa", "ob"], ["c", "oc"]]


def test_without_samples_a_run_joins_what_it_does_not_contradict(tmp_path: Path) -> None:
    assert groups_of(one("a"), one("b", samples=False), at=tmp_path / "1") == [["a", "b"]]
    runs = [one("a"), one("b", ids="validation"), one("c", samples=False)]
    assert groups_of(*runs, at=tmp_path / "2") == [["a"], ["b"], ["c"]], "of which, nobody knows"


def test_another_version_of_the_scorer_stands_apart(tmp_path: Path) -> None:
    tasks = {"dialogue": DIALOGUE}
    folders = [
        one(name, task="dialogue", tasks=tasks).write(tmp_path / name) for name in ("a", "b")
    ]
    text = (folders[1] / "summary.json").read_text()
    other = json.loads(text.replace('"harness": "0.1.0"', '"rouge-score": "9"'))
    write_sealed(folders[1] / "summary.json", {k: of for k, of in other.items() if k != SEAL})
    groups = build(collect(folders).results).groups
    assert [len(of.group.figures) for of in groups] == [1, 1]
    assert [of.name for of in differences([of.group for of in groups])] == ["scored by"]


def test_speeds_of_different_machines_are_never_in_one_group(tmp_path: Path) -> None:
    tasks = {"speed": SPEED}
    there = {"processor": "Other CPU", "cores": 8, "architecture": "arm64"}
    runs = [
        one("a", task="speed", tasks=tasks, ids="round"),
        one("b", task="speed", tasks=tasks),
        one("c", task="speed", tasks=tasks, machine=there),
        one("d", task="speed", tasks=tasks, node=there),
    ]
    assert groups_of(*runs, at=tmp_path) == [["a", "b"], ["c", "d"]]
    board = board_of(*runs, at=tmp_path)
    assert all(not of.ranking.ranks for of in board.groups), "speeds are in order, and not ranked"


def test_texts_that_nothing_grades_do_not_appear(tmp_path: Path) -> None:
    tasks = {"free": {"type": "write", "prompts": ["Write."]}}
    assert groups_of(one("a", task="free", tasks=tasks), at=tmp_path) == []
