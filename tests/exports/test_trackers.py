"""MLflow and Weights & Biases: what the real libraries read of the runs, where they are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import MissingToolError
from harness.exports.mlflow_runs import export_mlflow
from harness.exports.runs import tracked_runs
from harness.exports.wandb_runs import export_wandb
from tests.exports.made_results import made_results
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures


def test_a_run_holds_the_very_numbers_of_the_summary(tmp_path: Path) -> None:
    results = made_results(tmp_path)
    runs = {run.model: run for run in tracked_runs(results)}
    for cell in results.cells():
        for name, value in cell.metrics.items():
            figures = runs[cell.model].figures
            assert figures.get(f"{cell.task}/{name}") == value.value
            assert figures.get(f"{cell.task}/{name}.low") == value.low
    training = results.summary.models["lora"].training
    assert training is not None
    assert [point.figures["training/loss"] for point in runs["lora"].curve] == [
        point.loss for point in training.curve
    ]
    assert runs["lora-q4"].tags["doubts.speed"].startswith("spread")


def test_the_key_of_a_run_is_of_its_figures_and_not_of_the_command_that_made_them(
    tmp_path: Path,
) -> None:
    results = made_results(tmp_path)
    again = made_results(tmp_path, results.summary.model_copy(update={"commands": ["other"]}))
    later = made_results(
        tmp_path, results.summary.model_copy(update={"created": "2026-11-22T00:00:00+00:00"})
    )
    first, same, other = ([run.key for run in tracked_runs(r)] for r in (results, again, later))
    assert first == same and not set(first) & set(other) and len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("library", "export"), [("mlflow", export_mlflow), ("wandb", export_wandb)]
)
def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, export: object
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingToolError) as raised:
        export(made_results(tmp_path), tmp_path / "out")  # type: ignore[operator]
    assert f".[{library}]" in raised.value.hint


def test_mlflow_reads_the_runs_and_the_same_results_are_not_logged_twice(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    from mlflow import MlflowClient

    results = made_results(tmp_path, with_failures())
    file = tmp_path / "mlflow.db"
    assert export_mlflow(results, tmp_path).files == (file,)
    notes = export_mlflow(results, file).notes
    assert sum("there already" in note for note in notes) == len(results.summary.models)
    client = MlflowClient(tracking_uri=f"sqlite:///{file}")
    experiment = client.get_experiment_by_name("quickstart")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == set(results.summary.models)
    for tracked in tracked_runs(results):
        run = runs[tracked.model]
        figures = {k: v for k, v in run.data.metrics.items() if k in tracked.figures}
        assert figures == tracked.figures
        assert run.info.status == ("FAILED" if tracked.failed else "FINISHED")
        assert run.data.tags.get("mlflow.user", "") == ""
    curve = client.get_metric_history(runs["lora"].info.run_id, "training/loss")
    training = results.summary.models["lora"].training
    assert training is not None
    assert [(p.step, p.value) for p in sorted(curve, key=lambda p: p.step)] == [
        (p.step, p.loss) for p in training.curve
    ]
    assert "signal 11" in runs["lora-q4"].data.tags["failed.dialogue"]
    assert "dialogue/rougeL" not in runs["lora-q4"].data.metrics


def wandb_records(file: Path) -> Iterator[bytes]:
    """What a `.wandb` file holds: LevelDB's log, blocks of 32 KiB of records whose parts carry a type."""
    data, place, part = file.read_bytes(), 7, b""
    assert data[:4] == b":W&B"
    while place + 7 <= len(data):
        room = 32768 - place % 32768
        if room < 7:
            place += room
            continue
        size, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        part += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield part
            part = b""


def test_wandb_writes_offline_runs_that_it_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    whole = quickstart()
    one = quickstart(
        models={"lora": whole.models["lora"]},
        cells=[cell for cell in whole.cells if cell.model == "lora"],
    )
    results = made_results(tmp_path, one)
    (tracked,) = tracked_runs(results)
    (folder,) = export_wandb(results, tmp_path / "out").files
    (file,) = folder.glob("*.wandb")
    records = [Record.FromString(data) for data in wandb_records(file)]
    summary = {
        item.key or "/".join(item.nested_key): json.loads(item.value_json)
        for record in records
        for item in record.summary.update
    }
    assert {k: v for k, v in summary.items() if k in tracked.figures} == tracked.figures
    history = [
        record.history for record in records if record.WhichOneof("record_type") == "history"
    ]
    assert [step.step.num for step in history] == [point.step for point in tracked.curve]
    (run,) = [record.run for record in records if record.WhichOneof("record_type") == "run"]
    assert (run.project, run.display_name, run.run_id) == ("quickstart", "lora", tracked.key[:16])
    assert not run.host and not run.git.remote_url
    everything = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
    assert str(Path.home()).encode() + b"/" not in everything
