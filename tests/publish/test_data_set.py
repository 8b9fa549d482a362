"""Results as a data set repo: tables that the library `datasets` reads as the card says."""

from __future__ import annotations

from pathlib import Path

import yaml
from datasets import load_dataset

from harness.publish.making import make_publication
from harness.publish.places import write_folder
from harness.results.store import read_summary
from tests.exports.made_results import write_results
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures


def test_the_library_of_data_sets_reads_the_tables_that_the_card_names(tmp_path: Path) -> None:
    made = make_publication(write_results(tmp_path, with_failures()), "dataset")
    write_folder(made, tmp_path / "repo", overwrite=False)
    head = yaml.safe_load((tmp_path / "repo/README.md").read_text().split("---")[1])
    (config,) = [one for one in head["configs"] if one["config_name"] == "metrics"]
    rows = load_dataset(
        "parquet",
        data_files=str(tmp_path / "repo" / config["data_files"]),
        cache_dir=str(tmp_path / "cache"),
        split="train",
    )
    summary = with_failures()
    expected = [v.value for cell in summary.cells for v in cell.metrics.values()]
    assert [value for value in rows["value"] if value is not None] == expected
    assert [
        row["error"] for row in rows if row["model"] == "lora-q4" and row["status"] == "failed"
    ] == ["worker ended with signal 11"]


def test_the_summary_that_is_published_can_be_read_as_results(tmp_path: Path) -> None:
    made = make_publication(write_results(tmp_path), "dataset")
    write_folder(made, tmp_path / "repo", overwrite=False)
    assert (
        read_summary(tmp_path / "repo").cells == read_summary(tmp_path / "results/quickstart").cells
    )


def test_answers_are_left_out(tmp_path: Path) -> None:
    made = make_publication(write_results(tmp_path), "dataset")
    assert set(made.files) == {"README.md", "data/metrics.parquet", "summary.json", "suite.yaml"}
    assert b"text of example" not in b"".join(made.files.values())


def test_of_data_that_may_not_be_passed_on_no_example_is_published(tmp_path: Path) -> None:
    told = {"synthetic": False, "licence": "CC BY-NC-ND 4.0", "example_prompt": "Operating profit"}
    tasks = {
        name: of.model_copy(update=told) if name == "sentiment" else of
        for name, of in quickstart().tasks.items()
    }
    free = {name: of.model_copy(update={"licence": "MIT"}) for name, of in tasks.items()}
    for licensed, published in ((tasks, False), (free, True)):
        folder = tmp_path / str(published)
        made = make_publication(write_results(folder, quickstart(tasks=licensed)), "dataset")
        assert (b"Operating profit" in made.files["summary.json"]) is published
        said = b"Examples of `sentiment` are left out (licence: CC BY-NC-ND 4.0)."
        assert (said in made.files["README.md"]) is not published
