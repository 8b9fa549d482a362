"""Artifacts and results survive crashes, half-written lines and other people's keys."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import InputError
from harness.files import write_atomically, write_json
from harness.plan.params import MergeParams
from harness.plan.steps import Step, make_step
from harness.records import Cell, Sample, Value
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore, read_summary
from tests.reporting.fixture import quickstart
from tests.results.made import write_results


def step() -> Step:
    return make_step("merge", "label", MergeParams(base_precision="full"), {}, {})


def test_an_artifact_appears_whole_with_its_manifest(tmp_path: Path) -> None:
    store, one = ArtifactStore(tmp_path), step()
    assert store.manifest(one) is None
    with store.making(one) as out:
        assert out is not None
        (out / "weights").write_text("w")
        assert store.manifest(one) is None
        store.commit(one, out, {"found": 1}, 2.5)
    manifest = store.manifest(one)
    assert manifest is not None
    assert (manifest.outcome, manifest.seconds) == ({"found": 1}, 2.5)
    assert (store.file(one) / "weights").read_text() == "w"


def test_an_artifact_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    store, one = ArtifactStore(tmp_path), step()
    with store.making(one) as out:
        assert out is not None
        store.commit(one, out, {}, 0)
    with store.making(one) as out:
        assert out is None


def test_nothing_is_left_of_an_artifact_that_failed(tmp_path: Path) -> None:
    store, one = ArtifactStore(tmp_path), step()
    with pytest.raises(RuntimeError), store.making(one) as out:
        assert out is not None
        (out / "half").write_text("x")
        raise RuntimeError
    assert store.manifest(one) is None
    assert not [path for path in tmp_path.rglob("*") if path.name == "half"]


def test_a_damaged_manifest_counts_as_none(tmp_path: Path) -> None:
    store, one = ArtifactStore(tmp_path), step()
    with store.making(one) as out:
        assert out is not None
        store.commit(one, out, {}, 0)
    (store.folder(one) / "manifest.json").write_text("{")
    assert store.manifest(one) is None


def sample(index: int, key: str = "k") -> Sample:
    return Sample(key=key, index=index, id=f"e{index}", scores={"accuracy": 1.0})


def test_samples_of_another_key_and_torn_lines_are_passed_over(tmp_path: Path) -> None:
    folder = ResultsStore(tmp_path).cell("m", "t")
    folder.start([sample(2), sample(0)])
    with folder.samples_file.open("a") as stream:
        stream.write(sample(5, key="older").model_dump_json() + "\n")
        stream.write(sample(1).model_dump_json()[:-4])
    assert [one.index for one in folder.samples("k")] == [0, 2]


@given(cut=st.integers(min_value=0, max_value=400))
def test_wherever_a_crash_cuts_the_file_all_whole_lines_are_kept(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = ResultsStore(tmp_path_factory.mktemp("r")).cell("m", "t")
    folder.start([sample(index) for index in range(4)])
    whole = folder.samples_file.read_bytes()
    folder.samples_file.write_bytes(whole[:cut])
    kept = folder.samples("k")
    lines = whole[:cut].count(b"\n")
    assert lines <= len(kept) <= lines + 1
    assert [one.index for one in kept] == list(range(len(kept)))


def test_a_cell_is_done_only_with_its_own_key_and_status_ok(tmp_path: Path) -> None:
    folder = ResultsStore(tmp_path).cell("m", "t")
    assert not folder.is_done("k")
    folder.finish(Cell(key="k", model="m", task="t", status="failed"))
    assert not folder.is_done("k")
    folder.finish(Cell(key="k", model="m", task="t", status="ok"))
    assert folder.is_done("k")
    assert not folder.is_done("other")
    folder.start([])
    assert not folder.is_done("k")


def test_cells_that_the_suite_no_longer_has_are_forgotten(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path)
    for task in ("kept", "gone"):
        store.cell("m", task).finish(Cell(key="k", model="m", task=task, status="ok"))
    store.forget_except({("m", "kept")})
    assert [folder.name for folder in tmp_path.glob("cells/m/*")] == ["kept"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    write_atomically(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "wrong",
    [
        '{"data": {"logprobs": {"a": null, "b": null}}}',
        '{"scores": {"accuracy": NaN}}',
        '{"data": {"logprobs": {"a": [-Infinity]}}}',
    ],
)
def test_a_sample_that_holds_no_number_is_asked_again(tmp_path: Path, wrong: str) -> None:
    cell = ResultsStore(tmp_path).cell("model", "task")
    cell.start([Sample(key="k", index=0, id="first", scores={"accuracy": 1.0})])
    line = json.dumps({"key": "k", "index": 1, "id": "second"} | json.loads(wrong))
    cell.samples_file.write_text(f"{cell.samples_file.read_text()}{line}\n")
    assert [sample.id for sample in cell.samples("k")] == ["first"]


def test_no_figure_is_kept_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Value(value=math.nan)
    with pytest.raises(ValidationError, match="holds NaN"):
        Sample(key="k", index=0, id="first", data={"kl": [0.1, math.inf]})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "file.json", {"figure": math.nan})
    assert not (tmp_path / "file.json").exists()


def test_a_summary_with_a_figure_that_is_none_is_refused(tmp_path: Path) -> None:
    write_results(tmp_path, {"base": [True, False, True]})
    text = (tmp_path / "summary.json").read_text()
    value = json.loads(text)["cells"][0]["metrics"]["accuracy"]["value"]
    (tmp_path / "summary.json").write_text(text.replace(str(value), "NaN"))
    with pytest.raises(
        InputError, match=r"cells\.0\.metrics\.accuracy\.value: Input should be a finite"
    ):
        read_summary(tmp_path)


OUTSIDE = ["../../outside", "/tmp/outside", "..", "a/b", "", "a\x1b[31m"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["suite", "model", "task", "cell"])
def test_a_summary_with_names_that_lead_out_of_its_folder_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    summary = quickstart()
    if kind == "suite":
        strange = summary.model_copy(update={"suite": {**summary.suite, "name": name}})
    elif kind == "model":
        models = {**summary.models, name: summary.models["base"]}
        strange = summary.model_copy(update={"models": models})
    elif kind == "task":
        tasks = {**summary.tasks, name: summary.tasks["sentiment"]}
        strange = summary.model_copy(update={"tasks": tasks})
    else:
        cells = [*summary.cells, summary.cells[0].model_copy(update={"model": name})]
        strange = summary.model_copy(update={"cells": cells})
    ResultsStore(tmp_path).write_summary(strange)
    with pytest.raises(InputError, match="is no name that can be part of a path") as found:
        read_summary(tmp_path)
    assert "\x1b" not in found.value.message
    assert read_summary(tmp_path, any_names=True) == strange


def test_a_link_in_a_results_folder_has_nothing_outside_deleted(tmp_path: Path) -> None:
    outside = tmp_path / "home" / "letters" / "old"
    outside.mkdir(parents=True)
    store = ResultsStore(tmp_path / "results")
    store.folder.mkdir()
    (store.folder / "cells").symlink_to(tmp_path / "home")
    store.forget_except(set())
    assert outside.is_dir()
