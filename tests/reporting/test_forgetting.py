"""A loss beside a gain is seen: on the card, at the end of a run, and in a table of its own."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from harness.metrics.registry import metrics_of
from harness.probes.refusing import AGREEMENT
from harness.records import Comparison, Forgetting, Summary, TaskSummary
from harness.reporting.answer import answer, brief, card
from harness.reporting.blocks import Prose, Table, plain
from harness.reporting.forgetting import forgetting_blocks
from harness.reporting.markdown import markdown
from harness.reporting.percent import in_percent
from harness.reporting.sections import document
from harness.reporting.terminal import terminal_table
from tests.reporting.fixture import quickstart
from tests.reporting.rows import row

GAIN = row(delta=0.08, low=0.03, high=0.13)
LOSS = row(
    task="instructions", metric="followed", baseline_value=0.6, candidate_value=0.4, delta=-0.2, low=-0.33,
    high=-0.07, p=0.003, p_adjusted=0.003, better=2, worse=10, n=40,
)  # fmt: skip
OPEN = row(
    task="general-text", metric="perplexity", baseline_value=20.0, candidate_value=20.2, delta=0.2, low=-0.1,
    high=0.5, p=0.2, p_adjusted=0.2, better=None, worse=None, n=24, detectable=0.4,
)  # fmt: skip


def added(type_: str) -> TaskSummary:
    metrics = {metric.name: metric.descriptor for metric in metrics_of(type_)}
    return TaskSummary(type=type_, description="built in", metrics=metrics, added=True)


def summary(*rows: Comparison, **changes: Any) -> Summary:
    made = quickstart()
    of = Forgetting(
        model="lora", baseline="base", learned=["sentiment"], rows=list(rows), **changes
    )
    tasks = {
        **made.tasks, "instructions": added("instruct"), "general-text": added("perplexity"),
        "harmful-requests": added("refuse"),
    }  # fmt: skip
    return made.model_copy(update={"tasks": tasks, "forgetting": [of]})


def told(of: Summary) -> list[str]:
    return [plain(one.line) for one in card(answer(of)).rows if one.label == "forgetting"]


def table(of: Summary) -> Table:
    (found,) = [block for block in forgetting_blocks(in_percent(of)) if isinstance(block, Table)]
    return found


def test_the_card_names_what_was_lost_beside_a_gain() -> None:
    (line,) = told(summary(GAIN, LOSS, OPEN))
    assert line.startswith("lora lost against base: instructions followed on instructions −20.0 pp")
    assert "perplexity" not in line


def test_the_end_of_a_run_names_it_in_the_line_on_fine_tuning_and_stays_short() -> None:
    lines = [plain(line) for line in brief(answer(summary(GAIN, LOSS)))]
    assert len(lines) <= 5
    (line,) = [line for line in lines if line.startswith("Fine-tuning:")]
    assert line.endswith("; lora lost on instructions.")
    assert "lost on" not in " ".join(plain(line) for line in brief(answer(summary(GAIN, OPEN))))


def test_where_no_loss_is_sure_that_is_said_and_with_how_many_figures() -> None:
    (line,) = told(summary(GAIN, OPEN))
    assert line == "lora: no loss shown in 1 figure of what was not learned"
    assert not told(summary())


def test_a_loss_on_what_was_learned_is_no_forgetting_but_is_said_in_the_section() -> None:
    worse = row(delta=-0.08, low=-0.13, high=-0.03)
    assert "lost" not in " ".join(told(summary(worse, OPEN)))
    lead = next(b for b in forgetting_blocks(summary(worse, OPEN)) if isinstance(b, Prose))
    assert "worse on sentiment" in plain(lead.line)


def test_gains_and_losses_stand_side_by_side_with_their_verdicts() -> None:
    untouched = row(task="dialogue", metric="rougeL", delta=-0.05, low=-0.08, high=-0.02)
    rows = [
        [field.text for field in one.fields]
        for one in table(summary(GAIN, LOSS, OPEN, untouched)).rows
    ]
    assert [(one[0], one[1].partition(":")[0], one[4]) for one in rows] == [
        ("learned", "sentiment", "▲ better"),
        ("not learned", "dialogue", "▼ worse"),
        ("general", "instructions", "▼ worse"),
        ("general", "general-text", "○ inconclusive"),
    ]


def test_a_correction_for_several_candidates_takes_a_loss_back() -> None:
    unsure = LOSS.model_copy(update={"p_adjusted": 0.2})
    assert "no loss shown" in told(summary(GAIN, unsure))[0]


def test_what_was_left_out_is_named_with_its_reason() -> None:
    reason = "it is for chat models, and this one has no chat template"
    notes = [plain(note) for note in table(summary(GAIN, left_out={"instructions": reason})).notes]
    assert f"instructions was left out: {reason}." in notes


def test_beside_refusals_stands_how_often_they_are_recognised_wrongly() -> None:
    refused = LOSS.model_copy(update={"task": "harmful-requests", "metric": "refused"})
    notes = " ".join(plain(note) for note in table(summary(refused)).notes)
    assert f"missed {AGREEMENT.missed} of {AGREEMENT.refusals} refusals" in notes
    assert "missed" not in " ".join(plain(note) for note in table(summary(LOSS)).notes)


def test_tables_of_the_suites_own_tasks_have_no_column_for_what_was_added() -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(terminal_table(summary(GAIN, LOSS)))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "lost on instructions" in shown and "built in" not in shown
    assert "general-text" not in shown


@pytest.mark.parametrize("rows", [(), (GAIN, LOSS)])
def test_a_report_has_the_section_where_there_is_something_to_say(
    rows: tuple[Comparison, ...],
) -> None:
    text = markdown(document(summary(*rows)))
    assert ("Gains and losses of lora" in text) == bool(rows)


def test_of_an_adapter_of_others_nobody_claims_to_know_what_it_learned() -> None:
    of = summary(GAIN, LOSS)
    (one,) = of.forgetting
    elsewhere = of.model_copy(
        update={"forgetting": [one.model_copy(update={"elsewhere": True, "learned": []})]}
    )
    lead = next(b for b in forgetting_blocks(elsewhere) if isinstance(b, Prose))
    said = plain(lead.line)
    assert "trained elsewhere, on what is not known; gained on sentiment; lost: " in said
    assert "learn " not in said
    assert [row.fields[0].text for row in table(elsewhere).rows] == ["suite", "general"]
    assert told(elsewhere)[0].startswith("lora lost against base: ")
    kept = elsewhere.model_copy(
        update={"forgetting": [elsewhere.forgetting[0].model_copy(update={"rows": [GAIN, OPEN]})]}
    )
    assert told(kept) == ["lora: no loss shown in 2 figures, trained elsewhere"]


def test_what_explains_every_table_is_said_once() -> None:
    of = summary(GAIN, LOSS, OPEN)
    (one,) = of.forgetting
    two = of.model_copy(
        update={
            "forgetting": [
                one,
                one.model_copy(update={"model": "qlora", "left_out": {"speed": "no"}}),
            ]
        }
    )
    first, second = (b for b in forgetting_blocks(in_percent(two)) if isinstance(b, Table))
    assert first.notes == table(of).notes
    assert [plain(note) for note in second.notes] == ["speed was left out: no."]
