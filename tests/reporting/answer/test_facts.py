"""Which model is recommended, and when none is."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import Cell, Check, Failure, GateVerdict, Partial, Summary
from harness.reporting.answer import answer, card
from harness.reporting.blocks import plain
from tests.reporting.fixture import gates, quickstart
from tests.reporting.rows import row_of
from tests.reporting.variants import with_failures, with_seeds

SPEC: dict[str, Any] = {
    "models": {
        "base": {"source": "starter"},
        "lora": {"from": "base"},
        "qlora": {"from": "base"},
        **{name: {"from": "lora"} for name in ("lora-f16", "lora-q8", "lora-q5", "lora-q4")},
    },
    "tasks": {},
    "gates": [{"task": "sentiment"}],
}


def met(*models: str, **changes: Any) -> list[GateVerdict]:
    """The fixture's gates, all met, of these models or of all."""
    update = {"outcome": "met", "passed": True, **changes}
    return [g.model_copy(update=update) for g in gates() if not models or g.candidate in models]


def suite(**changes: Any) -> dict[str, Any]:
    """The fixture's suite with a spec."""
    return {**quickstart().suite, "spec": {**SPEC, **changes}}


def failed(model: str, task: str) -> list[Cell]:
    """The fixture's cells, one of which failed."""
    error = Failure(kind="crash", message="signal 11")
    gone = {"status": "failed", "error": error, "metrics": {}, "details": {}}
    return [
        c.model_copy(update=gone) if (c.model, c.task) == (model, task) else c
        for c in quickstart().cells
    ]


def taken(summary: Summary) -> str | None:
    pick = answer(summary).pick
    return pick.model if pick else None


def why_not(summary: Summary, model: str) -> list[str]:
    (of,) = [one for one in answer(summary).candidates if one.model == model]
    return [obstacle.why for obstacle in of.obstacles]


def test_the_smallest_that_meets_every_gate_is_taken() -> None:
    assert taken(quickstart(gates=met())) == "lora-q4"
    assert taken(quickstart()) == "lora-q5", "lora-q4 misses its gate"
    assert why_not(quickstart(), "lora-q4") == ["not met"]


def test_the_rule_and_who_was_not_taken_stand_on_the_card() -> None:
    made = card(answer(quickstart()))
    assert plain(made.title) == "Take lora-q5"
    assert plain(made.rule) == (
        "Rule: the smallest model that meets every gate (4 of 5 models that gates judge)."
    )
    assert plain(row_of(made, "not taken").line) == "lora-q4 (gate not met: accuracy on sentiment)"


def test_without_gates_there_is_the_pareto_line_and_no_recommendation() -> None:
    found = answer(quickstart(gates=[]))
    assert (found.pick, found.withheld) == (None, "no gates")
    assert found.pareto.models == ("lora-f16", "lora-q8", "lora-q5", "lora-q4")
    said = plain(card(found).rule)
    assert "On the Pareto line of size and sentiment and dialogue" in said
    assert "lora-f16, lora-q8, lora-q5 and lora-q4." in said


def test_no_model_is_taken_where_every_one_misses_a_gate() -> None:
    missed = met(outcome="not met", passed=False)
    found = answer(quickstart(gates=missed))
    assert (found.pick, found.withheld) == (None, "none qualifies")
    made = card(found)
    assert plain(made.title) == "No recommendation" and made.tone == "bad"
    for model in ("lora", "qlora", "lora-q8", "lora-q5", "lora-q4"):
        assert model in plain(row_of(made, "not taken").line)


def test_an_undecided_gate_is_not_met_even_where_the_suite_lets_it_pass() -> None:
    open_ = [
        g.model_copy(update={"outcome": "undecided"}) if g.candidate == "lora-q4" else g
        for g in met()
    ]
    assert taken(quickstart(gates=open_)) == "lora-q5"
    assert why_not(quickstart(gates=open_), "lora-q4") == ["undecided"]


def test_a_failed_cell_that_neither_grades_nor_has_a_gate_is_said_on_the_card() -> None:
    summary = quickstart(gates=met(), cells=failed("lora-q4", "speed"))
    assert taken(summary) == "lora-q4"
    assert plain(row_of(card(answer(summary)), "failed").line) == "speed: not answered"


@pytest.mark.parametrize("task", ["dialogue", "speed"])
def test_a_model_that_failed_a_graded_task_or_one_with_a_gate_is_not_taken(task: str) -> None:
    gated = met("lora-q4", task="speed", metric="decode_tokens_per_second")
    summary = quickstart(gates=[*met(), *gated], cells=failed("lora-q4", task))
    assert taken(summary) == "lora-q5"
    assert why_not(summary, "lora-q4") == ["failed"]
    assert "qlora (failed" in plain(row_of(card(answer(with_failures())), "not taken").line)


def test_a_model_that_was_not_asked_a_graded_task_is_not_taken() -> None:
    cells = [c for c in quickstart().cells if (c.model, c.task) != ("lora-q4", "dialogue")]
    summary = quickstart(gates=met(), cells=cells)
    assert taken(summary) == "lora-q5"
    assert why_not(summary, "lora-q4") == ["not asked"]


@pytest.mark.parametrize("model", ["lora-q4", "lora-f16"])
def test_a_failed_check_of_a_model_or_of_its_baseline_speaks_against_it(model: str) -> None:
    check = Check(name="bos", model=model, status="failed", message="double BOS")
    summary = quickstart(gates=met(), checks=[check])
    assert "check" in why_not(summary, "lora-q4")
    assert taken(summary) == ("lora-q5" if model == "lora-q4" else "lora")


def test_an_allowed_failure_is_said_on_the_card() -> None:
    check = Check(name="tokens", model="lora-q4", status="allowed", message="598 of 600")
    summary = quickstart(gates=met(), checks=[check])
    assert taken(summary) == "lora-q4"
    assert "token ids" in plain(row_of(card(answer(summary)), "checks").line)


def test_a_gate_that_the_fine_tuning_missed_speaks_against_what_was_made_of_it() -> None:
    missed = [
        g.model_copy(update={"outcome": "not met"}) if g.candidate == "lora" else g for g in met()
    ]
    summary = quickstart(gates=missed, suite=suite())
    assert taken(summary) == "qlora"
    assert why_not(summary, "lora-q4") == ["not met"]


def test_gates_of_speed_alone_recommend_nobody() -> None:
    timed = met("lora-q4", task="speed", metric="decode_tokens_per_second")
    summary = quickstart(gates=timed)
    assert taken(summary) is None
    assert why_not(summary, "lora-q4") == ["quality not gated"]


def test_a_part_of_a_suite_recommends_nobody_and_says_what_is_missing() -> None:
    found = answer(quickstart(gates=met(), partial=Partial(missing=[("base", "speed")])))
    assert (found.pick, found.withheld) == (None, "partial")
    assert plain(row_of(card(found), "not run").line) == "1 cell: base/speed"
    assert answer(quickstart(gates=met(), partial=Partial(limit=10))).withheld == "partial"


def test_gates_that_were_not_judged_are_not_called_none() -> None:
    found = answer(quickstart(gates=[], suite=suite()))
    assert found.withheld == "gates not judged"
    assert "no gate of the suite was judged" in plain(card(found).rule)


def test_the_fastest_is_taken_where_the_suite_prefers_it() -> None:
    summary = quickstart(gates=met("lora-q8", "lora-q5"), suite=suite(prefer="fastest"))
    assert answer(summary).rule == "fastest"
    found = answer(summary)
    assert found.pick is not None
    assert (found.pick.model, found.pick.tied) == ("lora-q5", ("lora-q8",)), (
        "their intervals meet, and lora-q5 is smaller"
    )
    slower = met("lora", "lora-q8", "lora-q5")
    summary = quickstart(gates=slower, suite=suite(prefer="fastest"))
    assert taken(summary) == "lora-q5"


def test_no_fastest_is_named_where_a_timing_is_in_doubt() -> None:
    summary = quickstart(gates=met(), suite=suite(prefer="fastest"))
    assert answer(summary).withheld == "timings in doubt", "lora-q4's repetitions varied by 7.1%"


def test_a_repeated_fine_tuning_is_one_candidate() -> None:
    summary = with_seeds()
    replicas = met(candidate="lora.seed1")[:1]
    models = [
        one.model
        for one in answer(summary.model_copy(update={"gates": met() + replicas})).candidates
    ]
    assert "lora.seed1" not in models and "lora" in models


def test_the_loss_that_is_excluded_is_the_bound_that_the_gate_was_judged_on() -> None:
    update = {"value": 0.833 - 0.868, "low": -0.0141, "high": 0.004, "limit": 0.03, "n": 200}
    made = card(answer(quickstart(gates=met(**update))))
    assert "; loses at most 1.41 pp (95%), margin 3.0 pp" in plain(row_of(made, "accuracy").line)
    assert " (95% interval)" in plain(row_of(made, "ROUGE-L").line), "no gate is on it"


def test_the_card_says_where_when_and_of_what() -> None:
    found = answer(quickstart(software={"harness": "0.1.0", "commit": "95254f5"}))
    assert plain(card(found).foot) == (
        "Made-up CPU 2000, 2 cores · commit 95254f5 · 2026-11-21 05:00 UTC"
    )
    assert "synthetic" in plain(row_of(card(found), "data").line)


def test_timings_in_doubt_are_counted_with_the_evidence_and_stand_at_the_speed() -> None:
    made = card(answer(quickstart(gates=met())))
    assert "⚠ timings of 1 model in doubt" in plain(row_of(made, "evidence").line)
    decode = row_of(made, "decode")
    assert decode.tone == "unsure"
    assert "⚠ lora-q4: decode varied by 7.1% (CV)" in plain(decode.line)


def test_a_suite_that_only_writes_and_times_is_told_size_and_speed() -> None:
    """A suite like assignment 1's once got a verdict without a word on either."""
    tasks = {"speed": quickstart().tasks["speed"]}
    cells = [c for c in quickstart().cells if c.task == "speed"]
    found = answer(quickstart(tasks=tasks, cells=cells, comparisons=[], gates=[]))
    assert found.pareto.models == ("lora-q4",), "it is the smallest and the fastest"
    row = row_of(card(found), "lora-q4")
    assert plain(row.line).startswith("3.91 MB (Q4_K_M); decode 604 tokens/s [580, 628] ⚠ decode")
    assert row.tone == "unsure"


def test_where_nothing_spans_a_line_every_model_is_shown() -> None:
    tasks = {"fidelity": quickstart().tasks["fidelity"]}
    cells = [c for c in quickstart().cells if c.task == "fidelity"]
    found = answer(quickstart(tasks=tasks, cells=cells, comparisons=[], gates=[]))
    assert not found.pareto.models
    assert plain(row_of(card(found), "base").line) == "11.7 MB"
