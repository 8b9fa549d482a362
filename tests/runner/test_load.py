"""Suites that put a server under load, from the file to the report: real HTTP, a server that stands in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.exports.results import Results
from harness.exports.tidy import metrics_table
from harness.records import Cell, LoadDetails
from harness.reporting.write import write_report
from harness.results.store import ResultsStore
from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.walk import Quiet
from tests.pipeline.in_process import run_here
from tests.tasks.load.server import Fault, Served, serving

SUITE = """
name: loaded
models:
  toy: {{endpoint: {{url: "{url}", model: toy, api: completions, retries: 0, timeout: 5}}}}
tasks:
  load:
    type: load
    concurrency: {concurrency}
    rates: 400
    requests: 40
    prompt_tokens: 16
    new_tokens: 4
    warm_up: 1
    within: {{latency: 4}}
{more}
"""
GATES = """
gates:
  - {models: [toy], task: load, metric: served_ttft_seconds, max: 4}
  - {models: [toy], task: load, metric: failed_requests, max: 0.0}
  - {models: [toy], task: load, metric: goodput_requests_per_second, min: 1}
"""


@dataclass
class Place:
    folder: Path

    def write(self, url: str, concurrency: str = "[1, 2]", more: str = "") -> None:
        text = SUITE.format(url=url, concurrency=concurrency, more=more)
        (self.folder / "suite.yaml").write_text(text)

    @property
    def options(self) -> Options:
        return Options(results=self.folder / "results", home=self.folder / "home")

    def run(self) -> Outcome:
        prepared = prepare(self.folder / "suite.yaml", self.options)
        return run(prepared, self.options, Quiet(), [])

    def report(self, outcome: Outcome) -> str:
        write_report(outcome.summary, self.folder / "report")
        return (self.folder / "report" / "index.html").read_text()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    run_here(monkeypatch)
    return Place(tmp_path)


def only(outcome: Outcome) -> tuple[Cell, LoadDetails]:
    (cell,) = outcome.summary.cells
    return cell, LoadDetails.model_validate(cell.details["load"])


def test_a_suite_of_a_served_model_has_levels_metrics_gates_and_a_section_of_the_report(
    place: Place,
) -> None:
    with serving(Served()) as server:
        place.write(server.url, more=GATES)
        outcome = place.run()
    cell, details = only(outcome)
    assert (cell.status, cell.n, details.counted) == ("ok", 120, "server")
    assert [(of.loop, of.load, of.requests) for of in details.levels] == [
        ("closed", 1, 40), ("closed", 2, 40), ("open", 400, 40),
    ]  # fmt: skip
    first = details.levels[0]
    assert first.ttft is not None and cell.metrics["served_ttft_seconds"] == first.ttft.p50
    best = max(of.tokens_per_second.value or 0.0 for of in details.levels)
    assert cell.metrics["peak_output_tokens_per_second"].value == best
    assert cell.metrics["failed_requests"].value == 0
    assert [gate.outcome for gate in outcome.summary.gates] == ["met"] * 3
    page = place.report(outcome)
    assert "Under load" in page and "Time to first token, ms" in page
    for level in ("1 user", "2 users", "400 requests/s"):
        assert level in page
    written = place.folder / "report" / "report.md"
    assert "served TTFT" in written.read_text()


def test_what_is_done_is_not_sent_again_and_a_level_that_was_cut_off_is(place: Place) -> None:
    with serving(Served()) as server:
        place.write(server.url)
        place.run()
        before = len(server.streamed)
        place.run()
        assert len(server.streamed) == before
        (file,) = place.folder.rglob("samples.jsonl")
        lines = file.read_text().splitlines()
        whole = [line for line in lines if json.loads(line)["data"]["level"] != 1]
        cut = [line for line in lines if json.loads(line)["data"]["level"] == 1][:7]
        file.write_text("\n".join([*whole, *cut]) + "\n")
        next(place.folder.rglob("result.json")).unlink()
        cell, details = only(place.run())
        assert len(server.streamed) == before + 40 + 1  # one warms up
    assert cell.n == 120 and [of.requests for of in details.levels] == [40, 40, 40]


def test_errors_are_in_the_report_by_name_and_a_cell_without_an_answer_has_failed(
    place: Place,
) -> None:
    def fault(number: int) -> Fault:
        return "429" if number in (23, 33) else ""

    with serving(Served(fault=fault)) as server:
        place.write(server.url)
        outcome = place.run()
        cell, details = only(outcome)
        assert details.levels[0].errors == {"HTTP 429": 2} and "too many of you" in details.failure
        assert cell.metrics["failed_requests"].value == pytest.approx(2 / 120)
        assert "HTTP 429" in place.report(outcome)
    with serving(Served(fault=lambda number: "500" if number else "")) as server:
        place.write(server.url)
        (cell,) = place.run().summary.cells
        assert cell.status == "failed" and cell.error is not None
        assert "HTTP 500" in cell.error.message


def test_figures_of_a_load_are_exported_with_their_intervals(place: Place) -> None:
    with serving(Served()) as server:
        place.write(server.url)
        summary = place.run().summary
    table = metrics_table(Results(summary, ResultsStore(place.folder / "results" / "loaded")))
    rows = {row["metric"]: row for row in table.rows}
    assert rows["served_ttft_seconds"]["low"] <= rows["served_ttft_seconds"]["value"]
    assert rows["peak_requests_per_second"]["value"] > 0


def test_a_model_that_nobody_serves_is_refused_by_name(place: Place) -> None:
    place.write("http://127.0.0.1:9/v1", more="  speed: {type: speed}")
    text = (place.folder / "suite.yaml").read_text()
    text = text.replace("models:\n", "models:\n  here: {source: starter}\n")
    (place.folder / "suite.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        prepare(place.folder / "suite.yaml", place.options)
    assert "`load` of the model `here`" in caught.value.message
    assert "type: speed" in caught.value.hint


def problems(place: Place, text: str) -> str:
    place.write("http://127.0.0.1:9/v1", more=text)
    with pytest.raises(InputError) as caught:
        prepare(place.folder / "suite.yaml", place.options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    in_process: nobody", "nobody"),
        ("    in_process: toy", "`toy` is served itself"),
        ("  other: {type: load, concurrency: [80], requests: 100}", "80 users need at least 160"),
        ("  other: {type: load, rates: 0}", "rates"),
        ("  other: {type: load, within: {}}", "`within` takes"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(place: Place, text: str, said: str) -> None:
    assert said in problems(place, text)
