"""Whether the figures can be believed: what failed is said first, and marked wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import Check, Summary
from harness.reporting.blocks import Callout, Fold, Table, plain
from harness.reporting.checks import callouts, findings, outcome_line
from harness.reporting.compare import compare_table
from harness.reporting.differences import difference_tables
from harness.reporting.gates import gate_table
from harness.reporting.kinds import of_kind
from harness.reporting.marks import SIGN, Marks, all_checks
from harness.reporting.parity import held, parity_blocks
from harness.reporting.sections import document
from harness.reporting.tables import matrix, task_table
from harness.reporting.verdict import verdict
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_doubts


def check(**changes: Any) -> Check:
    fields: dict[str, Any] = {
        "name": "bos", "model": "base", "status": "passed", "message": "As many as it should.",
    }  # fmt: skip
    return Check(**{**fields, **changes})


def only(*checks: Check) -> Summary:
    """The quickstart with these checks and no parity."""
    bare = {
        name: model.model_copy(update={"parity": None, "merge_parity": None})
        for name, model in quickstart().models.items()
    }
    return quickstart(models=bare, checks=list(checks))


def broken_parity(field: str) -> Summary:
    """The quickstart whose F16 GGUF failed a parity that no check tells of."""
    whole = quickstart()
    model = whole.models["lora-f16"]
    failed = getattr(model, field).model_copy(update={"passed": False, "reason": "0.9 nats apart"})
    models = {**whole.models, "lora-f16": model.model_copy(update={field: failed})}
    return quickstart(models=models, checks=[])


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["passed"], "The one check passed (BOS tokens)."),
        (["passed", "skipped"], "The one check passed (BOS tokens). 1 check could not be made."),
        (["skipped"], "Nothing could be checked. 1 check could not be made."),
        (["failed", "passed"], "1 of 2 checks failed; 1 passed."),
        (["allowed", "passed"], "1 of 2 checks failed, which the suite allows; 1 passed."),
    ],
)
def test_a_check_that_was_not_made_is_never_counted_as_passed(
    statuses: list[str], said: str
) -> None:
    summary = only(*(check(status=s, model=f"m{i}") for i, s in enumerate(statuses)))
    assert plain(outcome_line(summary)).strip() == said


def test_models_of_one_finding_stand_in_one_row() -> None:
    found = findings(only(*(check(model=m, task=t) for m in ("a", "b") for t in ("x", "y"))))
    assert [(one.models, one.tasks) for one in found] == [(("a", "b"), ("x", "y"))]


def test_models_whose_tasks_differ_are_not_made_to_look_alike() -> None:
    found = findings(only(check(model="a", task="x"), check(model="b", task="y")))
    assert {(one.models, one.tasks) for one in found} == {(("a",), ("x",)), (("b",), ("y",))}


def test_a_failed_check_is_a_callout_at_the_top() -> None:
    summary = only(check(status="failed", message="double BOS: 3 of 9 prompts", hint="Drop one"))
    first = verdict(summary)[1]
    assert isinstance(first, Callout) and first.tone == "bad"
    assert plain(first.line) == (
        "The check of BOS tokens failed for base: double BOS: 3 of 9 prompts. Drop one."
    )


def test_an_allowed_mismatch_is_a_milder_callout() -> None:
    (found,) = callouts(only(check(name="tokens", status="allowed", message="598 of 600")))
    assert found.tone == "unsure"
    assert "token ids failed for base and the suite allows that: 598 of 600." in plain(found.line)


def test_what_passed_or_was_skipped_calls_nobody_out() -> None:
    assert callouts(only(check(), check(status="skipped", model="lora"))) == []


def test_a_conversion_that_failed_is_told_once_for_all_of_its_models() -> None:
    said = [plain(one.line) for one in callouts(with_doubts())]
    assert len(said) == 2
    assert said[0].startswith(
        "lora-f16, lora-q8, lora-q5 and lora-q4 do not agree with the weights that they were "
        "converted from: a log-probability differs by 0.91 (limit 0.1)."
    )


@pytest.mark.parametrize(
    ("field", "words"),
    [("parity", "converted from: 0.9 nats"), ("merge_parity", "unmerged: 0.9 nats apart.")],
)
def test_a_parity_that_no_check_tells_of_is_told_all_the_same(field: str, words: str) -> None:
    (found,) = callouts(broken_parity(field))
    assert plain(found.line).startswith("lora-f16 does not agree with ")
    assert words in plain(found.line)
    assert list(Marks.read(broken_parity(field)).of) == ["lora-f16"]


def test_a_parity_that_failed_outweighs_a_check_that_passed() -> None:
    whole = broken_parity("parity")
    checks = [check(name="conversion", model="lora-f16")]
    found = all_checks(whole.model_copy(update={"checks": checks}))
    of_model = [c.status for c in found if (c.name, c.model) == ("conversion", "lora-f16")]
    assert of_model == ["failed"]


def test_a_model_in_doubt_is_marked_in_every_main_table_with_a_note() -> None:
    summary = with_doubts()
    for table in (matrix(summary), task_table(summary, "sentiment"), compare_table(summary)):
        marked = {r.fields[0].text for r in table.rows if SIGN in r.fields[0].detail}
        assert marked == {"lora-f16", "lora-q8", "lora-q5", "lora-q4"}
        assert any(SIGN in plain(note) for note in table.notes)
    gates = gate_table(summary)
    assert [SIGN in row.fields[1].detail for row in gates.rows] == [False, False, True, True, True]
    assert any(SIGN in plain(note) for note in gates.notes)


def test_a_baseline_in_doubt_is_marked_where_it_is_compared_with() -> None:
    summary = with_doubts()
    table = difference_tables(summary, "Q", of_kind(summary, "quantization"))[0]
    assert table.columns[0].detail == f"against lora-f16 {SIGN} conversion, token ids (allowed)"


def test_nothing_is_marked_where_all_passed() -> None:
    assert Marks.read(quickstart()).of == {}
    assert not any(SIGN in plain(note) for note in matrix(quickstart()).notes)


def test_what_is_made_of_a_broken_merge_is_marked_too() -> None:
    spec = {"models": {"m": {"from": "lora"}, "m-q4": {"from": "m"}, "m-q4-x": {"from": "m-q4"}}}
    models = {name: quickstart().models["lora"] for name in ("lora", "m", "m-q4", "m-q4-x")}
    whole = quickstart(
        models=models,
        suite={"name": "s", "spec": spec},
        checks=[check(name="merge", model="m", status="failed")],
    )
    assert Marks.read(whole).of == dict.fromkeys(("m", "m-q4", "m-q4-x"), f"{SIGN} merge")
    bos = whole.model_copy(update={"checks": [check(model="m", status="failed")]})
    assert list(Marks.read(bos).of) == ["m"]


def test_parity_has_its_figures_in_one_place() -> None:
    whole = document(quickstart())

    def tables(blocks: tuple[Any, ...]) -> list[Table]:
        found = [b for b in blocks if isinstance(b, Table)]
        return found + [t for b in blocks if isinstance(b, Fold) for t in tables(b.blocks)]

    holding = [
        (section.anchor, table)
        for section in whole.sections
        for table in tables(section.blocks)
        if any("Largest difference" in column.label for column in table.columns)
    ]
    ((anchor, table),) = holding
    assert anchor == "trust"
    texts = [[f"{f.text} {f.detail}".strip() for f in row.fields] for row in table.rows]
    assert texts[0][0] == "lora-f16, lora-q8, lora-q5, lora-q4"
    assert texts[0][3:8] == ["100%", "0.0015", "0.000210", "3.1e−6", "99.95%"]
    assert texts[1][1].startswith("merge against base with the adapter")
    assert texts[1][3] == "–"
    assert [texts[2][0], *texts[2][4:8]] == [
        "limit", "at most 0.1", "–", "at most 0.0001", "at least 99%",
    ]  # fmt: skip


def test_a_parity_without_limits_claims_none() -> None:
    of = parity_table("lora-f16", limits=None)
    assert [row.fields[0].text for row in of.rows] == ["lora-f16", "lora-f16"]


def test_a_merge_that_the_suite_asked_for_is_not_called_a_failure() -> None:
    whole = broken_parity("merge_parity")
    allowed = check(
        name="merge", model="lora-f16", status="allowed", message="as `merge: full` asks"
    )
    summary = whole.model_copy(update={"checks": [allowed]})
    (found,) = callouts(summary)
    assert found.tone == "unsure"
    assert Marks.read(summary).of == {"lora-f16": f"{SIGN} merge (allowed)"}
    statuses = {(one.kind, one.models): one.status for one in held(summary)}
    assert statuses["merge", ("lora-f16",)] == "allowed"


def parity_table(model: str, **changes: Any) -> Table:
    """The figures of one model's conversion and merge, the conversion's changed."""
    of = quickstart().models[model]
    assert of.parity is not None and of.merge_parity is not None
    changed = {
        "parity": of.parity.model_copy(update=changes),
        "merge_parity": of.merge_parity.model_copy(update={"limits": None}),
    }
    (fold,) = parity_blocks(quickstart(models={model: of.model_copy(update=changed)}))
    assert isinstance(fold, Fold)
    (table,) = [block for block in fold.blocks if isinstance(block, Table)]
    return table


def test_a_mean_difference_that_older_results_lack_is_not_called_zero() -> None:
    assert parity_table("lora-f16", mean_logprob_difference=0.0).rows[0].fields[5].text == "–"
