"""`harness results merge`: shards together are what one run would have been, and what is wrong with them is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.cli.merge import merge_shards
from harness.errors import InputError
from harness.records import Summary
from harness.results.store import read_summary
from harness.runner.run import Options, Outcome, has_nothing_to_do, prepare, run
from harness.runner.walk import Quiet
from harness.shards.merge import Merged, merge
from harness.shards.part import prepare_part, shard_of
from tests.pipeline.in_process import run_here

SUITE = """\
name: parts
forgetting: {tasks: [instructions]}
defaults: {limit: 4}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], limit: 4, epochs: 1}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  own: {type: write, prompts: [One., Two.], max_new_tokens: 4}
  drift: {type: divergence, dataset: phrasebank-sample, reference: base}
compare:
  tuned: {baseline: base, candidates: [lora]}
gates:
  - {compare: tuned, task: sentiment, metric: accuracy, max_drop: 0.99, undecided: pass}
"""
ASIDE = {"created", "seconds", "commands", "machine", "costs"}
"""Of a summary, what is of the run and not of the answers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite that was run whole, and in two shards that share nothing; tests copy the shards."""
    place = tmp_path_factory.mktemp("shards")
    (place / "suite.yaml").write_text(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        ran(place, "whole", None)
        ran(place, "1", "1/2")
        ran(place, "2", "2/2")
    return place


def options(place: Path, name: str, words: str | None, **more: Any) -> Options:
    shard = shard_of(words) if words else None
    return Options(place / f"results-{name}", home=place / f"home-{name}", shard=shard, **more)


def ran(place: Path, name: str, words: str | None) -> Outcome:
    given = options(place, name, words)
    part = prepare_part(place / "suite.yaml", given)
    part.note()
    return run(part.prepared, given, Quiet(), [f"run {words or ''}".strip()])


def copied(folder: Path, to: Path) -> list[Path]:
    found = [to / f"parts@shard-{number}-of-2" for number in (1, 2)]
    for number, copy in enumerate(found, start=1):
        shutil.copytree(folder / f"results-{number}" / copy.name, copy)
    return found


def told(summary: Summary) -> dict[str, Any]:
    """A summary without what the clock and the machine say."""
    data = summary.model_dump(mode="json", exclude=ASIDE)
    for cell in data["cells"]:
        for name in ("seconds", "load_seconds", "footprint", "alike"):
            cell.pop(name)
    for model in data["models"].values():
        training = model["training"] or {"curve": []}
        for name in ("seconds", "peak_resident_bytes", "memory", "energy_joules"):
            training.pop(name, None)
        for point in training["curve"]:
            point.pop("seconds")
    return data


def test_shards_together_are_the_summary_of_one_run(folder: Path, tmp_path: Path) -> None:
    shards = copied(folder, tmp_path)
    assert all(read_summary(shard).comparisons[0].reason for shard in shards)
    found = merge(shards, None)
    assert found.folder == tmp_path / "parts" and not found.missing and not found.warnings
    whole = read_summary(folder / "results-whole" / "parts")
    assert whole.forgetting and whole.comparisons and whole.gates
    assert told(read_summary(found.folder)) == told(whole)
    assert found.summary.commands == ["run 1/2", "run 2/2"]


def test_after_a_merge_the_suite_has_nothing_left_to_do(folder: Path, tmp_path: Path) -> None:
    merge(copied(folder, tmp_path), None)
    given = Options(tmp_path, home=tmp_path / "another-home")
    assert has_nothing_to_do(prepare(folder / "suite.yaml", given))


def test_what_is_missing_is_named_with_its_shard_and_can_be_merged_later(
    folder: Path, tmp_path: Path
) -> None:
    first, second = copied(folder, tmp_path)
    found = merge([first], None)
    ((words, cells),) = found.missing
    assert words == "shard 2/2, whose folder was not given" and {m for m, _ in cells} == {"base"}
    assert found.summary.partial is not None and found.summary.partial.missing == cells
    assert not merge([second], None).missing
    assert told(read_summary(found.folder)) == told(
        read_summary(folder / "results-whole" / "parts")
    )


def test_a_cell_that_a_shard_lacks_is_named(folder: Path, tmp_path: Path) -> None:
    first, second = copied(folder, tmp_path)
    (second / "cells" / "base" / "own" / "result.json").unlink()
    ((words, cells),) = merge([first, second], None).missing
    assert words == f"{second} (shard 2/2)" and list(cells) == [("base", "own")]


def test_answers_that_were_changed_since_count_as_missing_and_are_said(
    folder: Path, tmp_path: Path
) -> None:
    first, second = copied(folder, tmp_path)
    file = second / "cells" / "base" / "sentiment" / "samples.jsonl"
    file.write_text(file.read_text().replace('"answer":"', '"answer":"x', 1))
    found = merge([first, second], None)
    assert [cells for _, cells in found.missing] == [[("base", "sentiment")]]
    assert any(str(file) in line for line in found.warnings)


def test_the_same_answers_twice_are_taken_once_and_unlike_ones_refused(
    folder: Path, tmp_path: Path
) -> None:
    first, second = copied(folder, tmp_path)
    other = tmp_path / "again" / second.name
    shutil.copytree(second, other)
    assert not merge([first, second, other], None).missing
    shutil.rmtree(tmp_path / "parts")
    _change_an_answer(other)
    with pytest.raises(InputError, match="hold unlike answers of base/own"):
        merge([first, second, other], None)
    assert not (tmp_path / "parts").exists()


def test_the_command_says_what_it_made_and_fails_where_something_is_missing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = copied(folder, tmp_path)
    assert merge_shards([first], None, as_json=False) == 1
    said = capsys.readouterr()
    assert "missing: 4 cells of shard 2/2, whose folder was not given: base/sentiment" in said.err
    assert "`harness run SUITE` asks what is missing" in said.out
    assert merge_shards([first, second], tmp_path / "joined", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["results"], told["missing"]) == (str(tmp_path / "joined"), [])


def _change_an_answer(shard: Path) -> None:
    """As if another model had answered: sealed anew."""
    from harness.results.store import ResultsStore

    cell = ResultsStore(shard).cell("base", "own")
    result = cell.result()
    assert result is not None
    sample, *others = cell.samples(result.samples_key)
    cell.write_samples([sample.model_copy(update={"answer": "another"}), *others])
    cell.finish(result)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "name: other"}, "another suite"),
        ({"limit": 7}, "another --limit"),
        ({"cells": []}, "other models, data or versions"),
    ],
)
def test_shards_of_unlike_suites_are_refused(
    folder: Path, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    first, second = copied(folder, tmp_path)
    _rewrite(second, changed)
    with pytest.raises(InputError, match=said):
        merge([first, second], None)


def test_other_versions_are_a_warning(folder: Path, tmp_path: Path) -> None:
    first, second = copied(folder, tmp_path)
    from harness.shards.outline import read_outline

    _rewrite(second, {"software": read_outline(second).software | {"harness": "0.0.1"}})
    (line,) = merge([first, second], None).warnings
    assert "0.0.1" in line and str(second) in line


def _rewrite(shard: Path, changed: dict[str, Any]) -> None:
    from harness.shards.outline import read_outline, write_outline

    write_outline(shard, read_outline(shard).model_copy(update=changed))


@pytest.mark.parametrize("name", ["../../x", "/etc", "a b", ""])
def test_names_that_would_lead_elsewhere_are_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    first, second = copied(folder, tmp_path)
    from harness.shards.outline import read_outline

    cells = [(name, task, key) for _, task, key in read_outline(first).cells]
    for shard in (first, second):
        _rewrite(shard, {"cells": cells})
    with pytest.raises(InputError, match="no shard of this version"):
        merge([first, second], None)


@pytest.mark.parametrize(
    "changed",
    [{"steps": {}}, {"models": {}}, {"data": {}}, {"floors": {"sentiment": "0" * 64}}, {"spec": {}}, {"spec": {"models": 3}}],
)  # fmt: skip
def test_a_note_that_names_what_it_does_not_hold_is_refused(
    folder: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    for shard in copied(folder, tmp_path):
        _rewrite(shard, changed)
    with pytest.raises(InputError, match="no shard of this version"):
        merge([tmp_path / f"parts@shard-{number}-of-2" for number in (1, 2)], None)


def test_an_edited_note_a_link_and_a_folder_that_is_none_are_each_said(
    folder: Path, tmp_path: Path
) -> None:
    first, second = copied(folder, tmp_path)
    with pytest.raises(InputError, match="no results of a shard"):
        merge([first, tmp_path], None)
    note = second / "shard.json"
    note.write_text(note.read_text().replace('"limit": null', '"limit": 9'))
    with pytest.raises(InputError, match="is not what was written"):
        merge([first, second], None)
    note.unlink()
    note.symlink_to(first / "shard.json")
    with pytest.raises(InputError, match="a link that leads out"):
        merge([first, second], None)


def test_a_shard_that_was_killed_gives_what_it_has(folder: Path, tmp_path: Path) -> None:
    first, second = copied(folder, tmp_path)
    (second / "summary.json").unlink()
    found: Merged = merge([first, second], None)
    assert not found.missing and json.loads((found.folder / "summary.json").read_text())["cells"]
