"""`--shard`: what it takes, which cells it picks, and that all shards come to the same division."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.records.shards import NOTE, Shard
from harness.runner.run import Options
from harness.shards.outline import read_division
from harness.shards.part import Part, prepare_part, shard_of, told

SUITE = """\
name: parts
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  lora-q8: {from: lora, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 8}
  dialogue: {type: summarize, dataset: dialogue-sample, limit: 4}
"""


def part(folder: Path, words: str, **options: object) -> Part:
    suite = folder / "suite.yaml"
    if not suite.exists():
        suite.write_text(SUITE)
    given = Options(results=folder / "results", home=folder / "home", shard=shard_of(words))
    return prepare_part(suite, replace(given, **options))  # type: ignore[arg-type]


def names(of: Part) -> list[tuple[str, str]]:
    return [(cell.model, cell.task) for cell in of.prepared.cells]


@pytest.mark.parametrize("words", ["1/1", "2/4", "04/9999"])
def test_a_shard_is_a_number_of_so_many(words: str) -> None:
    number, count = map(int, words.split("/"))
    assert shard_of(words) == Shard(number=number, of=count)


@pytest.mark.parametrize(
    "words",
    ["0/3", "4/3", "x", "", "1", "1/", "/2", "1/2/3", "-1/2", "1.0/2", " 1/2", "١/٢", "1/0", "1/10000", "9" * 30 + "/" + "9" * 30],
)  # fmt: skip
def test_anything_else_is_refused_in_a_word(words: str) -> None:
    with pytest.raises(InputError, match="no shard"):
        shard_of(words)


def test_the_shards_of_a_suite_have_its_cells_between_them(tmp_path: Path) -> None:
    first, second = (part(tmp_path, f"{n}/2") for n in (1, 2))
    assert sorted([*names(first), *names(second)]) == sorted(
        (cell.model, cell.task) for cell in first.prepared.plan.cells
    )
    assert {model for model, _ in names(first)} == {"lora", "lora-q8"}
    assert told(first) == ["Shard 1/2: 4 of 6 cells, of lora, lora-q8."]


def test_results_of_shards_stand_apart(tmp_path: Path) -> None:
    assert part(tmp_path, "2/3").prepared.results.folder.name == "parts@shard-2-of-3"
    limited = part(tmp_path, "2/3", limit=3).prepared.results.folder.name
    assert limited == "parts@limit-3@shard-2-of-3"


def test_more_shards_than_parts_leaves_some_with_nothing_to_do(tmp_path: Path) -> None:
    last = part(tmp_path, "9/9")
    assert not last.prepared.to_do()
    assert told(last)[0].startswith("Shard 9/9 has nothing to do: the suite is divided into ")


def test_only_and_again_choose_among_the_shards_own(tmp_path: Path) -> None:
    assert names(part(tmp_path, "1/2", only="*/dialogue")) == [
        ("lora", "dialogue"), ("lora-q8", "dialogue"),
    ]  # fmt: skip
    assert names(part(tmp_path, "1/2", only="base")) == []
    assert part(tmp_path, "1/2", again="base").prepared.again == ()
    assert [step.model for step in part(tmp_path, "2/2", again="base").prepared.again] == [
        "base"
    ] * 2
    with pytest.raises(InputError, match="no model"):
        part(tmp_path, "1/2", only="nobody")


def test_the_division_is_the_same_wherever_something_is_made_already(tmp_path: Path) -> None:
    """What was made, measured and answered here changes the plan's estimates, but not who does what."""
    before = part(tmp_path, "1/2")
    made = tmp_path / "home" / "artifacts" / "finetune" / "k"
    made.mkdir(parents=True)
    weights = next(s for s in before.prepared.plan.steps.values() if s.kind == "source").key
    outcome = {"tokens": 1, "seconds": 1e6, "method": "lora"}
    (made / "manifest.json").write_text(
        json.dumps({"outcome": outcome, "parents": {"weights": weights}})
    )
    assert part(tmp_path, "1/2").division == before.division


def test_a_division_that_another_shard_has_noted_is_taken(tmp_path: Path) -> None:
    first = part(tmp_path, "1/2")
    assert first.division is not None
    swapped = first.division.model_copy(update={"shards": first.division.shards[::-1]})
    Part(first.prepared, swapped).note()
    second = part(tmp_path, "2/2")
    assert names(second) == first.division.shards[0] != first.division.shards[1]
    second.note()
    assert read_division(second.prepared.results.folder) == swapped


@pytest.mark.parametrize(
    "fault", ["another suite", "a cell twice", "a cell less", "no JSON", "edited"]
)
def test_a_note_that_is_not_of_this_suite_is_passed_over(tmp_path: Path, fault: str) -> None:
    first = part(tmp_path, "1/2")
    assert first.division is not None
    one, two = first.division.shards
    notes: dict[str, dict[str, Any]] = {
        "another suite": {"key": "k"}, "a cell twice": {"shards": [[*two, *one[:1]], one]},
        "a cell less": {"shards": [two[1:], one]}, "no JSON": {}, "edited": {"shards": [two, one]},
    }  # fmt: skip
    changed = first.division.model_copy(update=notes[fault])
    Part(first.prepared, changed).note()
    file = first.prepared.results.folder / NOTE
    if fault == "no JSON":
        file.write_text("{")
    if fault == "edited":
        file.write_text(file.read_text().replace('"lora"', '"base"', 1))
    assert part(tmp_path, "2/2").division == first.division


def test_what_a_shard_has_to_do_makes_only_what_its_cells_need(tmp_path: Path) -> None:
    first, second = (part(tmp_path, f"{n}/2").prepared.to_do() for n in (1, 2))
    kinds = [{step.kind for step in todo} for todo in (first, second)]
    assert {"finetune", "merge", "convert", "quantize"} <= kinds[0]
    assert not kinds[1] & {"finetune", "merge", "convert", "quantize"}
    floors = [[step.key for step in todo if step.kind == "floors"] for todo in (first, second)]
    assert sorted([*floors[0], *floors[1]]) == sorted(set(floors[0]) | set(floors[1]))
    assert len(floors[0]) + len(floors[1]) == 2
