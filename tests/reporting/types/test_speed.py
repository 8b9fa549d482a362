"""The speed section: limits in figures or in words, waits with their number, doubts said aloud."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from harness.records import SpeedDetails, SpeedWarning, Summary
from harness.reporting.blocks import Callout, Fold, Link, Table, plain
from harness.reporting.shapes import limit
from harness.reporting.terminal import terminal_table
from harness.reporting.timings import details_of, doubts, timed_apart
from harness.reporting.trust import trust_blocks
from harness.reporting.types.speed import speed_blocks
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_cells import shape, speed_details
from tests.reporting.fixture_models import MEGABYTE

SPEED = quickstart().tasks["speed"]


def with_details(changes: dict[str, dict[str, Any]]) -> Summary:
    """The quickstart, the details of some models changed."""
    whole = quickstart()
    cells = [
        cell.model_copy(
            update={"details": {"speed": {**cell.details["speed"], **changes[cell.model]}}}
        )
        if cell.task == "speed" and cell.model in changes
        else cell
        for cell in whole.cells
    ]
    return quickstart(cells=cells)


def tables(summary: Summary) -> dict[str, Table]:
    """The tables of the section by caption, folded ones included."""
    blocks = list(speed_blocks(summary))
    blocks += [one for block in blocks if isinstance(block, Fold) for one in block.blocks]
    return {block.caption: block for block in blocks if isinstance(block, Table)}


def row(table: Table, model: str) -> dict[str, str]:
    """A model's fields by heading, with what stands beneath them."""
    found = next(one for one in table.rows if one.fields[0].text == model)
    return {
        column.label: f"{datum.text} {datum.detail}".strip()
        for column, datum in zip(table.columns, found.fields, strict=True)
    }


def test_beside_a_decode_speed_stands_the_limit_and_what_was_reached() -> None:
    found = row(tables(quickstart())["speed: tokens per second"], "lora-f16")
    step = 11_804_224 + 3_072 * 64
    assert found["Limit of decode"] == f"{40e9 / step:,.0f} at 12.0 MB a step"
    assert found["Reached"] == f"{100 * 402 * step / 40e9:.1f}"


def test_a_model_that_fits_into_the_cache_is_said_to_in_words() -> None:
    found = row(tables(quickstart())["speed: tokens per second"], "lora-q4")
    assert found["Reached"] == "fits in cache"
    assert found["Limit of decode"] == "– at 4.10 MB a step, cache of 6.00 MB"


def test_a_limit_that_was_exceeded_is_not_a_share_beyond_one() -> None:
    one = shape("decode", "base", 128, 1, 0).model_copy(update={"share": None})
    assert [field.text for field in limit(SPEED, one, MEGABYTE)][1] == "above it"


def test_a_limit_that_is_not_known_is_left_open() -> None:
    one = shape("decode", "base", 128, 1, 0)
    unknown = one.model_copy(update={"share": None, "limit_tokens_per_second": None})
    assert [field.text for field in limit(SPEED, unknown, 0)] == ["–", "–"]
    assert [field.text for field in limit(SPEED, None, 0)] == ["–", "–"]


def test_every_percentile_has_its_number_beside_it() -> None:
    found = row(tables(quickstart())["speed: what a user waits for"], "base")
    waits = {label: text for label, text in found.items() if label != "Model"}
    assert len(waits) == 6
    assert all("n = 6" in text or "n = 768" in text for text in waits.values())


def test_waits_are_in_milliseconds() -> None:
    found = row(tables(quickstart())["speed: what a user waits for"], "lora-q8")
    assert found["Time between tokens, median"].startswith("1.70 [")


def test_every_shape_has_a_column_where_there_is_more_than_the_headline() -> None:
    table = tables(quickstart())["speed: tokens per second at every shape"]
    heads = [f"{c.label} {c.detail}".replace("\u00a0", " ") for c in table.columns[1:]]
    assert heads == [
        "prefill 256 ↑",
        "decode 128 ↑",
        "decode 128 × 4 ↑",
        "prefill 256 behind 2048 ↑",
        "decode 128 behind 2048 ↑",
        "decode 128 × 4 behind 2048 ↑",
    ]
    only = [shape("prefill", "base", 256, 1, 0), shape("decode", "base", 128, 1, 0)]
    fewer = {name: {"shapes": [one.model_dump() for one in only]} for name in quickstart().models}
    assert "speed: tokens per second at every shape" not in tables(with_details(fewer))


def test_every_repetition_can_be_read() -> None:
    table = tables(quickstart())["Every repetition, in the order in which they ran"]
    assert [field.text for field in table.rows[1].fields] == [
        "base", "decode 128", "61.6, 61.0", "60.4, 61.0", "61.0, 61.0",
    ]  # fmt: skip


def test_a_doubt_is_said_with_its_remedy_in_the_report_and_in_the_terminal() -> None:
    words = "Repetitions varied by more than 5% (CV): lora-q4 (decode by 7.1%). Close"
    blocks = speed_blocks(quickstart())
    (callout,) = [one.line for one in blocks if isinstance(one, Callout)]
    assert plain(callout).startswith("⚠ Timings are in doubt of lora-q4; why, and what to do,")
    assert [piece.target for piece in callout if isinstance(piece, Link)] == ["#trust"]
    told = "Repetitions varied by more than 5% (CV) (lora-q4: decode by 7.1%). Close"
    assert told in str(trust_blocks(quickstart()))
    console = Console(width=400, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal_table(quickstart()))
    assert words in console.export_text()


def test_one_doubt_of_several_models_is_one_sentence() -> None:
    warning = SpeedWarning(kind="busy", message="0.9 of 2 cores in round 1", remedy="Stop it.")
    details = {
        name: SpeedDetails.model_validate({**speed_details(name), "warnings": [warning]})
        for name in ("base", "lora")
    }
    (doubt,) = doubts(details)
    assert plain(doubt.line) == (
        "The machine was busy with other programs: base (0.9 of 2 cores in round 1); "
        "lora (0.9 of 2 cores in round 1). Stop it."
    )


@pytest.mark.parametrize(("hours", "apart"), [(0.5, []), (30, ["base", "qlora"])])
def test_models_that_were_not_timed_in_turn_are_named(hours: float, apart: list[str]) -> None:
    found = details_of(quickstart(), "speed")
    later = timedelta(hours=hours)
    for name in ("base", "qlora"):
        moved = [at + later for at in found[name].started]
        found[name] = found[name].model_copy(update={"started": moved})
    assert timed_apart(found) == apart


def test_the_settings_of_each_engine_are_named() -> None:
    words = " ".join(plain(b.line) for b in speed_blocks(quickstart()) if hasattr(b, "line"))
    assert "cache = F16, flash_attention = auto, n_batch = 2048, n_ubatch = 512" in words
    assert "attention = sdpa" in words


def test_a_summary_without_details_still_has_its_figures() -> None:
    whole = quickstart()
    cells = [cell.model_copy(update={"details": {}}) for cell in whole.cells]
    found = row(tables(quickstart(cells=cells))["speed: tokens per second"], "base")
    assert found["Decode speed"] == "61.0 [58.6, 63.4]"
    assert found["Reached"] == "–"


def test_the_matrix_names_the_share_of_the_memory_limit() -> None:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal_table(quickstart()))
    assert "12.1% of the memory limit" in console.export_text()
