"""One list of what speaks for the figures and against them, the gravest first."""

from __future__ import annotations

from harness.records import Permission
from harness.reporting.blocks import Prose, Table, plain
from harness.reporting.glossary import definitions
from harness.reporting.sections import document
from harness.reporting.trust import items, trust_blocks
from tests.reporting.fixture import quickstart
from tests.reporting.test_checks import check, only
from tests.reporting.variants import with_doubts


def test_a_sentence_says_how_many_checks_passed_and_a_table_which() -> None:
    lead, table, *_ = trust_blocks(quickstart())
    assert isinstance(lead, Prose) and isinstance(table, Table)
    assert plain(lead.line).startswith("All 21 checks passed (BOS tokens, chat template,")
    assert {row.fields[0].text for row in table.rows} >= {"✓ passed"}


def test_what_failed_comes_first_then_doubts_then_what_passed() -> None:
    orders = [item.order for item in items(with_doubts())]
    assert orders[:2] == ["failed", "allowed"]
    assert orders == sorted(orders, key=["failed", "allowed", "doubt", "skipped", "passed"].index)
    _, table, *_ = trust_blocks(with_doubts())
    assert isinstance(table, Table)
    assert [row.fields[0].tone for row in table.rows[:2]] == ["bad", "unsure"]


def test_timings_in_doubt_stand_in_the_list_with_their_remedy() -> None:
    (found,) = [item for item in items(quickstart()) if item.what == "timing"]
    assert found.concerns == ("lora-q4", "speed")
    assert "decode by 7.1%" in found.found and "Close other programs" in found.found


def test_what_the_suite_allows_of_files_stands_in_the_list() -> None:
    whole = quickstart()
    of = whole.models["base"].model_copy(
        update={"permissions": [Permission(model="base", allows="pickle")]}
    )
    (found,) = [i for i in items(quickstart(models={"base": of})) if i.order == "permission"]
    assert "was read from a pickle" in found.found


def test_results_without_checks_say_so() -> None:
    lead = trust_blocks(only())[0]
    assert isinstance(lead, Prose) and "No checks were recorded" in plain(lead.line)


def test_models_of_one_finding_stand_in_one_row() -> None:
    found = items(only(*(check(model=m, task=t) for m in ("a", "b") for t in ("x", "y"))))
    assert [i.concerns for i in found if i.order == "passed"] == [("a", "b", "x", "y")]


def test_every_check_is_explained() -> None:
    keys = {of.key for of in definitions(quickstart())}
    assert keys >= {f"check-{one.name}" for one in quickstart().checks}


def test_the_list_follows_the_figures() -> None:
    anchors = [section.anchor for section in document(quickstart()).sections]
    assert anchors.index("trust") > anchors.index("differences")
