"""Of an adapter that was trained elsewhere a report says what its files say, and that the rest is not known."""

from __future__ import annotations

from harness.records.licences import NOT_STATED
from harness.reporting.adapters import NOTE, UNKNOWN, adapter_blocks
from harness.reporting.blocks import Table, plain
from harness.reporting.sections import document
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_an_adapter_of_others


def test_what_its_files_say_and_that_the_rest_is_not_known() -> None:
    (table,) = adapter_blocks(with_an_adapter_of_others())
    assert isinstance(table, Table)
    lora, qlora = ([field.text for field in row.fields] for row in table.rows)
    assert qlora == [
        "qlora", "org/qlora", "DoRA", "4, 16", "q_proj, v_proj", "1,105,920", "org/base", "cc-by-nc-4.0", UNKNOWN,
    ]  # fmt: skip
    assert lora[:2] == ["lora", "org/lora"] and set(lora[2:]) == {UNKNOWN, NOT_STATED}
    assert "whole: lm_head" in table.rows[1].fields[4].detail
    assert [plain(note) for note in table.notes] == [NOTE]


def test_it_stands_under_training_and_only_where_there_is_one() -> None:
    (section,) = [
        s for s in document(with_an_adapter_of_others()).sections if s.anchor == "training"
    ]
    assert adapter_blocks(with_an_adapter_of_others())[0] in section.blocks
    assert not adapter_blocks(quickstart())
