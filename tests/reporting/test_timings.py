"""A doubt about a timing stands at the number that it concerns, and at no other."""

from __future__ import annotations

import pytest

from harness.reporting.compare import compare_table
from harness.reporting.tables import task_table
from harness.reporting.timings import doubts_at, timed_elsewhere, timings_in_doubt
from harness.reporting.trust import trust_blocks
from tests.reporting.fixture import quickstart
from tests.reporting.rows import said


@pytest.mark.parametrize(
    ("model", "metric", "found"),
    [
        ("lora-q4", "decode_tokens_per_second", ("decode varied by 7.1% (CV)",)),
        ("lora-q4", "itl_seconds", ("decode varied by 7.1% (CV)",)),
        ("lora-q4", "prefill_tokens_per_second", ()),
        ("lora-q4", "load_seconds", ()),
        ("lora-q8", "decode_tokens_per_second", ()),
    ],
)
def test_what_varied_is_said_of_the_phase_that_a_figure_is_of(
    model: str, metric: str, found: tuple[str, ...]
) -> None:
    assert doubts_at(quickstart(), model, "speed", metric) == found


def test_a_doubtful_speed_bears_the_sign_in_every_table() -> None:
    table = task_table(quickstart(), "speed")
    place = [column.label for column in table.columns].index("Decode speed")
    marked = {row.fields[0].text: "⚠" in row.fields[place].detail for row in table.rows}
    assert [model for model, of in marked.items() if of] == ["lora-q4"]
    compared = compare_table(quickstart())
    place = [column.label for column in compared.columns].index("speed: decode speed")
    details = {row.fields[0].text: row.fields[place].detail for row in compared.rows}
    assert [m for m, detail in details.items() if "⚠" in detail] == ["lora-q4"]
    assert details["lora-q4"].count("⚠") == 1


def test_whether_figures_can_be_believed_counts_timings_in_doubt() -> None:
    assert timings_in_doubt(quickstart()) == [("lora-q4", "speed")]
    lead = said(trust_blocks(quickstart())[0])
    assert lead.startswith("All ") and lead.endswith("⚠ Timings of 1 model are in doubt.")
    cells = [cell.model_copy(update={"details": {}}) for cell in quickstart().cells]
    assert "in doubt" not in said(trust_blocks(quickstart(cells=cells))[0])


def test_which_machine_timed_is_said_where_it_is_not_the_reports_or_not_one() -> None:
    made = quickstart()
    assert timed_elsewhere(made, "speed") == []
    here, there = made.machine, {"processor": "Node CPU", "cores": 64}

    def at(*slow: str, others: dict[str, object]) -> str:
        cells = [
            cell.model_copy(update={"machine": there if cell.model in slow else others})
            for cell in made.cells
        ]
        return " ".join(map(said, timed_elsewhere(quickstart(cells=cells), "speed")))

    assert at(others=here) == ""
    assert at(others=there).startswith("Timed on Node CPU, 64 cores, not on the machine of this")
    both = at("lora-q4", others=here)
    assert "Timed on different machines" in both and "Node CPU, 64 cores: lora-q4" in both
    assert str(here["processor"]) in both
