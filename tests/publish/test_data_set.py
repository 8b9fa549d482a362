"""Results as a data set repo: tables that the library `datasets` reads as the card says."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from datasets import load_dataset

from harness.errors import InputError
from harness.publish.making import make_publication
from harness.publish.places import write_folder
from harness.records import Summary
from harness.results.store import ResultsStore, read_summary
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
        said = b"examples of sentiment are left out (licence: CC BY-NC-ND 4.0)"
        assert (said in made.files["README.md"]) is not published


def licensed(licence: str) -> Summary:
    """Sentiment is asked on real data under a licence; the rest is synthetic."""
    whole = quickstart()
    task = whole.tasks["sentiment"].model_copy(
        update={
            "synthetic": False,
            "licence": licence,
            "citation": "A. Author, 2020",
            "dataset": "news",
        }
    )
    return quickstart(tasks={**whole.tasks, "sentiment": task})


def test_answers_are_published_where_the_licence_allows_it(tmp_path: Path) -> None:
    made = make_publication(write_results(tmp_path, licensed("CC BY 4.0")), "dataset")
    rows = pq.read_table(io.BytesIO(made.files["data/answers.parquet"])).to_pylist()
    assert {row["task"] for row in rows} == {"sentiment", "dialogue", "fidelity"}
    readme = made.files["README.md"].decode()
    assert "A. Author, 2020" in readme and "config_name: answers" in readme
    assert b"Operating profit of Northvale" in made.files["summary.json"]


@pytest.mark.parametrize("licence", ["CC BY-NC-SA 3.0", "", "all rights reserved"])
def test_texts_that_may_not_be_passed_on_are_in_no_file(tmp_path: Path, licence: str) -> None:
    made = make_publication(write_results(tmp_path, licensed(licence)), "dataset")
    rows = pq.read_table(io.BytesIO(made.files["data/answers.parquet"])).to_pylist()
    assert {row["task"] for row in rows} == {"dialogue", "fidelity"}
    assert any(one.startswith("examples of sentiment are left out") for one in made.warnings)
    everything = b"".join(made.files.values())
    for text in (b"Operating profit of Northvale", b"Net sales fell by 4%"):
        assert text not in everything
    assert b"Ann: Are we on for nine" in everything  # of the synthetic task


def test_an_answer_that_tells_of_the_machine_is_refused(tmp_path: Path) -> None:
    folder = write_results(tmp_path)
    home = str(Path.home())
    ResultsStore(folder).keep_texts("dialogue", {"example-0000": f"in {home}/x"})
    with pytest.raises(InputError, match="home folder"):
        make_publication(folder, "dataset")
