"""Gates have three outcomes, and a reader is told them apart."""

from __future__ import annotations

import pytest

from harness.records import GateVerdict
from harness.reporting.blocks import plain
from harness.reporting.gates import gate_table, gates, missed_gates
from tests.reporting.fixture import quickstart
from tests.reporting.test_write import printed
from tests.reporting.variants import undecided_gates


def said(*outcomes: tuple[str, bool]) -> str:
    made = [
        GateVerdict.model_validate(
            {"compare": "c", "task": "sentiment", "metric": "accuracy", "baseline": "base",
             "candidate": f"m{index}", "rule": "must improve", "outcome": outcome,
             "passed": passed, "reason": "because"}
        )
        for index, (outcome, passed) in enumerate(outcomes)
    ]  # fmt: skip
    return plain(gates(quickstart(gates=made)))


MET, MISSED = ("met", True), ("not met", False)
OPEN, LENIENT = ("undecided", False), ("undecided", True)
MEANING = "Undecided: the examples show neither that the limit is kept nor that it is not; "


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([MET], "The one gate was met."),
        ([MISSED], "The one gate was not met."),
        ([OPEN], f"The one gate is undecided. {MEANING}the suite counts that as failed."),
        ([LENIENT], f"The one gate is undecided. {MEANING}the suite lets that pass."),
        ([MET, MET], "All 2 gates were met."),
        ([MET, MISSED], "1 of 2 gates was not met."),
        ([MET, OPEN], f"1 of 2 gates is undecided. {MEANING}the suite counts that as failed."),
        (
            [MET, MISSED, MISSED, LENIENT],
            f"2 of 4 gates were not met and 1 is undecided. {MEANING}the suite lets that pass.",
        ),
        (
            [OPEN, LENIENT, MET],
            f"2 of 3 gates are undecided. {MEANING}the suite lets 1 of them pass and counts 1 as "
            "failed.",
        ),
    ],
)
def test_each_mixture_of_outcomes_is_said_as_it_is(
    outcomes: list[tuple[str, bool]], words: str
) -> None:
    assert said(*outcomes) == words


@pytest.mark.parametrize("outcome", [OPEN, LENIENT])
def test_an_undecided_gate_is_called_neither_met_nor_missed(outcome: tuple[str, bool]) -> None:
    assert "met" not in said(outcome).split("Undecided")[0].split()
    assert "All" not in said(outcome)


def test_missed_gates_come_first_and_undecided_ones_are_called_so() -> None:
    lines = [plain(line) for line in missed_gates(undecided_gates())]
    assert [line.split(":")[0] for line in lines] == [
        "lora-q4",
        "lora-q8, undecided",
        "lora-q5, undecided",
    ]
    assert "1,240 examples would tell a model that has not changed" in lines[1]


def test_an_undecided_gate_says_how_many_examples_would_do_and_what_becomes_of_it() -> None:
    rows = {row.fields[1].text: row.fields for row in gate_table(undecided_gates()).rows}
    undecided, lenient = rows["lora-q5"], rows["lora-q8"]
    assert (undecided[0].text, undecided[0].detail) == ("○ undecided", "fails the suite")
    assert (lenient[0].text, lenient[0].detail) == ("○ undecided", "lets the suite pass")
    assert (undecided[3].text, undecided[3].detail) == (
        "200 examples",
        "1,240 would do, the data set has 480",
    )
    assert undecided[0].tone == "unsure"


def test_more_examples_than_the_data_set_has_are_said_to_be_too_many() -> None:
    rows = {row.fields[1].text: row.fields for row in gate_table(undecided_gates()).rows}
    assert rows["lora-q5"][3].detail == "1,240 would do, the data set has 480"
    assert rows["lora-q5"][4].text.endswith(
        "The data set has only 480: add examples, or allow more."
    )
    lines = [plain(line) for line in missed_gates(undecided_gates())]
    assert [
        line.endswith("The data set has only 480: add examples, or allow more.") for line in lines
    ] == [False, True, True]
    (gate,) = [g for g in undecided_gates().gates if g.candidate == "lora-q5"]
    table = gate_table(quickstart(gates=[gate.model_copy(update={"needed": 480})]))
    assert table.rows[0].fields[3].detail == "480 would do"


@pytest.mark.parametrize("needed", [None, 150, 200])
def test_no_number_is_offered_that_is_not_larger(needed: int | None) -> None:
    (gate,) = [g for g in undecided_gates().gates if g.candidate == "lora-q5"]
    table = gate_table(quickstart(gates=[gate.model_copy(update={"needed": needed})]))
    assert table.rows[0].fields[3].detail == ""


def test_timings_are_counted_in_rounds() -> None:
    (gate,) = [g for g in undecided_gates().gates if g.candidate == "lora-q5"]
    timed = {"metric": "decode_tokens_per_second", "task": "speed", "n": 3, "needed": 12}
    table = gate_table(quickstart(gates=[gate.model_copy(update=timed)]))
    assert table.rows[0].fields[3].text == "3 rounds"


def test_a_bare_limit_is_held_against_nobody() -> None:
    (gate,) = [g for g in undecided_gates().gates if g.candidate == "lora-q5"]
    table = gate_table(quickstart(gates=[gate.model_copy(update={"baseline": ""})]))
    assert table.rows[0].fields[1].detail == ""


def test_the_terminal_tells_the_three_outcomes_apart() -> None:
    text = printed(undecided_gates(), width=140)
    for part in ("✓ met", "✗ not met", "○ undecided", "1,240 would do", "fails the suite"):
        assert part in text
    assert "1 of 5 gates was not met and 2 are undecided." in text
