"""Suites of served models, from the file to the report: real HTTP, a server that stands in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.records import Cell, Summary
from harness.reporting.write import write_report
from harness.runner.run import Options, Outcome, has_nothing_to_do, prepare, run
from harness.runner.showing import show_prompt
from harness.runner.walk import Quiet
from harness.suite.schema import SuiteSpec
from tests.engines.endpoint.standin import standing_in
from tests.engines.endpoint.toy import logprob
from tests.pipeline.in_process import run_here

LABELS = ("positive", "negative")
SUITE = """
name: served
models:
  toy: {{endpoint: {{url: "{url}", model: toy, api: {api}, concurrency: 2, retries: 0, patience: 0{more}}}}}
tasks:
  labels:
    type: classify
    dataset: {{train: train.csv, test: test.csv, prompt: "{{{{ text }}}}", target: "{{{{ label }}}}"}}
"""


@dataclass
class Place:
    folder: Path

    def write(self, url: str, api: str = "completions", more: str = "", tasks: str = "") -> None:
        for part in ("train", "test"):
            rows = "".join(f"the bank {part} {n},{LABELS[n % 2]}\n" for n in range(12))
            (self.folder / f"{part}.csv").write_text(f"text,label\n{rows}")
        text = SUITE.format(url=url, api=api, more=more) + tasks
        (self.folder / "suite.yaml").write_text(text)

    @property
    def options(self) -> Options:
        return Options(results=self.folder / "results", home=self.folder / "home")

    def run(self) -> Outcome:
        prepared = prepare(self.folder / "suite.yaml", self.options)
        return run(prepared, self.options, Quiet(), [])

    @property
    def files(self) -> list[Path]:
        return [file for file in self.folder.rglob("*") if file.is_file()]

    def samples(self) -> list[dict[str, Any]]:
        (file,) = self.folder.rglob("samples.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    run_here(monkeypatch)
    return Place(tmp_path)


def only(summary: Summary) -> Cell:
    (cell,) = summary.cells
    return cell


def test_labels_are_scored_where_log_probabilities_hold(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url)
        outcome = place.run()
        cell = only(outcome.summary)
        assert (cell.status, cell.n) == ("ok", 12)
        told = cell.details["served"]
        assert told["ways"] == {"loglikelihood": 12} and not told["passed_over"]
        sent = [body["prompt"] for _, body in server.asked if body.get("echo")]
        expected = {
            round(logprob(text.removesuffix(f" {label}"), f" {label}"), 6)
            for text in sent
            for label in LABELS
            if "the bank" in text and text.endswith(f" {label}")
        }
        found = [value for of in place.samples() for value in of["data"]["logprobs"].values()]
        assert len(expected) == len(found) == 24
        assert {round(value, 6) for value in found} == expected
        assert outcome.summary.models["toy"].bytes is None
        write_report(outcome.summary, place.folder / "report")
        report = (place.folder / "report" / "report.md").read_text()
        assert f"toy, served by {server.url[7:-3]}" in report


@pytest.mark.parametrize(
    ("does", "api", "way", "passed_over"),
    [
        ("shifts", "completions", "first_token", {"loglikelihood": "disagrees"}),
        ("answers", "chat", "first_token", {"loglikelihood": "chat-api"}),
        (
            "holds grammar",
            "chat",
            "constrained",
            {"loglikelihood": "chat-api", "first_token": "answers-later"},
        ),
        (
            "no-logprobs",
            "chat",
            "parsed",
            {"loglikelihood": "chat-api", "first_token": "no-tops", "constrained": "not-held-to"},
        ),
    ],
)
def test_where_these_do_not_hold_labels_are_told_otherwise_and_the_result_says_how_and_why(
    does: str, api: str, way: str, passed_over: dict[str, str], place: Place
) -> None:
    with standing_in(None, does) as server:
        place.write(server.url, api)
        cell = only(place.run().summary)
    told = cell.details["served"]
    assert cell.status == "ok" and "scored_by" not in cell.details
    assert (told["ways"], told["passed_over"]) == ({way: 12}, passed_over)
    samples = place.samples()
    assert all(("way" in of["data"]) == (way != "parsed") for of in samples)
    assert way == "parsed" or {of["answer"] for of in samples} == set(LABELS)
    assert told["longest_tokens"] > 0 and told["prompt_tokens"] >= 12


def test_a_server_that_dies_leaves_a_failed_cell_and_what_it_answered(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, "chat", more=", scoring: parsed")
        server.after = 12
        outcome = place.run()
        ((step, failure),) = outcome.failures
        assert (step.model, failure.kind) == ("toy", "endpoint")
        assert "HTTP 500" in failure.message
        kept = {sample["index"] for sample in place.samples()}
        assert only(outcome.summary).n == len(kept) and 0 < len(kept) < 12
        server.after, before = 10**9, server.texts_asked
        again = place.run()
        assert only(again.summary).status == "ok" and only(again.summary).n == 12
        answers = [sent for _, sent in server.asked[before:] if sent["max_tokens"] == 12]
        rest = [sent for sent in answers if "the bank" in sent["messages"][-1]["content"]]
        assert len(rest) == 12 - len(kept)
    assert has_nothing_to_do(prepare(place.folder / "suite.yaml", place.options))


def test_another_model_under_the_same_name_is_asked_anew(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url)
        first = only(place.run().summary).key
        assert place.run().ran == 0
        server.owner = "somebody else"
        assert only(place.run().summary).key != first


def test_a_server_that_is_not_there_fails_its_cells_at_once(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url)
    outcome = place.run()
    ((_, failure),) = outcome.failures
    assert failure.kind == "endpoint" and "cannot be reached" in failure.message
    planned = Options(
        results=place.folder / "results", home=place.folder / "home", provisional=True
    )
    assert len(prepare(place.folder / "suite.yaml", planned).open_cells()) == 1


@pytest.mark.parametrize("does", ["as it should", "repeats-key"])
def test_a_key_stands_in_no_file(
    does: str, place: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-planted-7f3a")
    with standing_in(None, does) as server:
        place.write(server.url, more=", key: TOY_KEY")
        outcome = place.run()
        assert set(server.keys) == {"Bearer sk-planted-7f3a"}
        assert bool(outcome.failures) == (does == "repeats-key")
        write_report(outcome.summary, place.folder / "report")
        assert len(place.files) > 10
        for file in place.files:
            assert b"planted" not in file.read_bytes(), file
        assert "planted" not in "".join(capfd.readouterr())
        assert not any("planted" in failure.message for _, failure in outcome.failures)


@pytest.mark.parametrize(
    ("task", "lacks"),
    [
        ("  pace: {type: speed, repetitions: 2}\n", "time single forward passes"),
        (
            "  apart: {type: divergence, dataset: dialogue-sample, reference: toy}\n",
            "log-probabilities of every next token",
        ),
    ],
)
def test_what_a_server_cannot_be_asked_is_refused_by_name(
    task: str, lacks: str, place: Place
) -> None:
    place.write("http://127.0.0.1:1/v1", tasks=task)
    with pytest.raises(InputError, match=lacks):
        prepare(place.folder / "suite.yaml", place.options)


def test_what_a_server_is_sent_is_shown_of_suite_and_results(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, "chat")
        suite = place.folder / "suite.yaml"
        before = show_prompt(suite, ["toy", "labels", "1"], place.options)
        summary = place.run().summary
        after = show_prompt(place.options.results / "served", ["toy", "labels", "1"], place.options)
    assert before.text == after.text and "[user]\n" in before.text
    assert "The server makes tokens of it" in before.note and before.note == after.note
    assert after.answer["data"]["text"]
    assert SuiteSpec.model_validate(summary.suite["spec"]).models["toy"].endpoint is not None


def test_letters_are_written_where_nothing_holds_and_texts_are_refused(place: Place) -> None:
    choices = "question,a,b,right\n" + "".join(f"the bank {n},up,down,up\n" for n in range(6))
    (place.folder / "choices.csv").write_text(choices)
    of = 'dataset: {file: choices.csv, test_share: 0.5, prompt: "{{ question }}", target: "{{ right }}"'
    of += ', choices: ["{{ a }}", "{{ b }}"]}'
    for how, status in (("letters", "ok"), ("texts", "failed")):
        with standing_in(None, "shifts") as server:
            task = f"  letters: {{type: multiple_choice, answer_with: {how}, {of}}}\n"
            place.write(server.url, tasks=task)
            summary = place.run().summary
            (cell,) = [cell for cell in summary.cells if cell.task == "letters"]
            assert cell.status == status
            if cell.error is None:
                assert cell.details["served"]["unscored"] == "disagrees"
            else:
                assert "answer_with: letters" in cell.error.hint
