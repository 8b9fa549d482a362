"""The tables of `make bench`, from figures that were made up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.ratios import (
    Row,
    batch_table,
    ceiling_table,
    find_ratio,
    markdown,
    memory_table,
    ratio_table,
    shots_table,
)
from tests.benchmarks.targets import AROUND, FIVE_SHOT, ROWS


def benchmark(group: str, contestant: str, **info: Any) -> dict[str, Any]:
    """An entry of pytest-benchmark's JSON, as far as it is read."""
    extra = {"contestant": contestant, "other_cores": [0.0], **info}
    return {"group": group, "name": contestant, "extra_info": extra}


def row(figure: str, rule: Any, limit: float, **more: Any) -> Row:
    return Row("work", "group", "theirs", "ours", figure, rule, limit, **more)


def test_seconds_are_compared_by_their_medians_as_times_faster() -> None:
    found = find_ratio(
        row("seconds", "at least", 10),
        [
            benchmark("group", "theirs", seconds=[20.0, 30.0, 1000.0]),
            benchmark("group", "ours", seconds=[2.0, 1.0, 3.0]),
        ],
    )
    assert found is not None
    assert found.value == 15.0
    assert found.met


def test_rates_are_compared_as_a_share_of_the_reference() -> None:
    found = find_ratio(
        row("computed_tokens_per_second", "at least", 0.9, reference_figure="tokens_per_second"),
        [
            benchmark("group", "theirs", tokens_per_second=[100.0]),
            benchmark(
                "group", "ours", computed_tokens_per_second=[89.0], tokens_per_second=[500.0]
            ),
        ],
    )
    assert found is not None
    assert found.value == 0.89
    assert not found.met


@pytest.mark.parametrize(
    ("rate", "met"), [(97.1, True), (102.9, True), (96.9, False), (104, False)]
)
def test_within_judges_both_directions(rate: float, met: bool) -> None:
    found = find_ratio(
        row("tokens_per_second", "within", 0.03),
        [
            benchmark("group", "theirs", tokens_per_second=100.0),
            benchmark("group", "ours", tokens_per_second=rate),
        ],
    )
    assert found is not None
    assert found.met is met


def test_a_figure_may_be_held_against_another_one_of_the_same_contestant() -> None:
    around = next(row for row in ROWS if row.group == AROUND)
    entry = benchmark(AROUND, around.ours, around_seconds=[0.3], engine_seconds=[10.0])
    table = ratio_table([around], [entry])
    assert "3.0%" in table
    assert "below 5%" in table
    assert "| yes" in table


def test_the_table_says_what_was_not_run_and_leaves_out_other_groups() -> None:
    table = ratio_table(ROWS, [benchmark(FIVE_SHOT, "lm-eval float32", seconds=[95.0])])
    lines = table.split("\n")[2:]
    assert len(lines) == sum(row.group == FIVE_SHOT for row in ROWS)
    assert all("not run" in line for line in lines)


def test_a_lap_that_others_disturbed_is_marked() -> None:
    rows = [row("seconds", "at least", 1.0)]
    theirs = benchmark("group", "theirs", seconds=[2.0, 2.0])
    ours = benchmark("group", "ours", seconds=[1.0, 1.0])
    assert "disturbed" not in ratio_table(rows, [theirs, ours])
    ours["extra_info"]["other_cores"] = [0.0, 0.4]
    assert "(disturbed)" in ratio_table(rows, [theirs, ours])


def test_the_reference_is_shown_with_its_best_batch_size() -> None:
    theirs = benchmark("group", "theirs", seconds=[2.0], batch_size=16)
    ours = benchmark("group", "ours", seconds=[1.0])
    assert "theirs, batch 16: 2 s" in ratio_table([row("seconds", "at least", 1.5)], [theirs, ours])


def test_the_ceiling_is_the_time_that_the_tokens_need_at_the_rate_of_llama_bench() -> None:
    entries = [
        benchmark("group", "theirs", seconds=[90.0]),
        benchmark("group", "ours", seconds=[8.0], computed_tokens=3000),
        benchmark("group", "llama-bench", tokens_per_second=[1000.0]),
    ]
    table = ceiling_table([row("seconds", "at least", 40)], "llama-bench", entries)
    assert "3 s" in table
    assert "30×" in table
    assert ceiling_table([row("seconds", "at least", 40)], "llama-bench", entries[:2]) == ""


def test_shots_are_shown_an_example() -> None:
    table = shots_table(
        [
            benchmark(
                "shots",
                "5-shot",
                seconds=[2.0],
                examples=100,
                prompt_tokens=30_000,
                computed_tokens=4_000,
                computed_tokens_per_second=[2_000.0],
            )
        ],
        "shots",
    )
    cells = [cell.strip() for cell in table.split("\n")[2].split("|")[1:-1]]
    assert cells == ["5-shot", "300", "40.0", "20.0", "2,000"]


def test_memory_is_shown_in_mebibytes() -> None:
    info = {"resident_bytes": [100 * 2**20, 130 * 2**20], "after_bytes": 131 * 2**20}
    table = memory_table([benchmark("memory", "hf", **info)], "memory")
    assert "100 130" in table
    assert "131" in table


def test_batch_sizes_are_shown_an_example() -> None:
    tried = {"1": 0.5, "8": 0.0421}
    table = batch_table([benchmark("group", "lm-eval", batch_sizes=tried), benchmark("group", "x")])
    assert table.count("\n") == 2
    assert "1: 500, 8: 42" in table


def test_a_run_without_benchmarks_says_only_where_it_was() -> None:
    output = {
        "benchmarks": [],
        "datetime": "2026-11-21T08:00:00",
        "machine_info": {
            "cpu": {"brand_raw": "Z80"},
            "processor": "",
            "threads": 1,
            "packages": {"torch": "2.13.0"},
        },
        "commit_info": {"id": "0123456789", "dirty": True},
    }
    text = markdown(output)
    assert text == "2026-11-21, Z80, 1 threads; commit 0123456 with changes; torch 2.13.0.\n"
