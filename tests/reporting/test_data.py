"""Rows that were left out stand where the data is named, and what looks wrong stands at the top."""

from __future__ import annotations

from harness.records import DataReading, LeftOutRows, TooLong
from harness.reporting.blocks import Callout, plain
from harness.reporting.compare import task_line
from harness.reporting.data import data_callouts, left_out_lines, parts, rows_read, warnings
from harness.reporting.terminal import terminal_table
from harness.reporting.trust import items
from harness.reporting.verdict import verdict
from tests.reporting.fixture import quickstart

READING = DataReading(
    name="own.jsonl",
    files=["own.jsonl"],
    read={"all": 1080},
    left_out=[LeftOutRows(reason="the same sentence carries two labels", rows=26)],
    parts={"train": 800, "test": 254},
    warnings=["labels that differ in case only count as different ones: Up, up"],
    notes=["own.jsonl is not UTF-8 and was read as latin-1", "from the Hub"],
)
SAID = "1,080 rows read, 26 left out (26: the same sentence carries two labels)"


def test_rows_are_counted_by_reason() -> None:
    assert rows_read(READING) == SAID and parts(READING) == "train 800, test 254"
    assert rows_read(READING.model_copy(update={"left_out": []})) == "1,080 rows read"


def test_the_report_says_what_was_left_out_and_what_looks_wrong() -> None:
    tasks = quickstart().tasks
    read = {"sentiment": tasks["sentiment"].model_copy(update={"reading": READING})}
    summary = quickstart(tasks=tasks | read)
    assert SAID in plain(task_line(summary, "sentiment"))
    assert [i.found for i in items(summary) if i.order == "left out"] == [f"{SAID}."]
    assert [plain(line) for line in left_out_lines(summary)] == [f"sentiment: {SAID}."]
    told = [plain(block.line) for block in verdict(summary) if isinstance(block, Callout)]
    assert "Look at the data of sentiment: labels that differ in case only" in " ".join(told)
    assert any("was read as latin-1" in line for line in told)
    assert terminal_table(summary) is not None


def test_tokens_that_a_tokenizer_does_not_know_and_examples_left_out_are_told_at_the_top() -> None:
    tasks = quickstart().tasks
    found = TooLong(
        rows=5, of=200, models={"base": 0, "other": 5}, contexts={"base": None, "other": 512}
    )
    changed = {"unknown_tokens": {"base": 0.065}, "too_long": found}
    summary = quickstart(tasks={"sentiment": tasks["sentiment"].model_copy(update=changed)})
    said = [plain(callout.line) for callout in data_callouts(summary)]
    assert said[0].startswith("sentiment: 6.5% of the tokens that base is asked are unknown")
    assert said[1] == (
        "sentiment: 5 of 200 examples were too long and left out for all models: 5 for models of other (context 512)."
    )


def test_the_same_data_are_named_once_with_all_their_tasks() -> None:
    found = list(warnings({"a": READING, "b": READING}))
    assert [tasks for tasks, _ in found] == [("a", "b"), ("a", "b")] and len(found) == 2
