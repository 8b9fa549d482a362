"""Links into the sample browser: only to what the page holds."""

from __future__ import annotations

import json

from harness.reporting.blocks import Confusion, Samples, Table
from harness.reporting.forest import forests
from harness.reporting.gates import gate_table
from harness.reporting.kinds import of_kind
from harness.reporting.linked import NOWHERE, Linked
from harness.reporting.outcomes import judge
from tests.reporting.fixture import quickstart

TASKS = [{"name": "sentiment", "models": ["lora-f16", "lora-q4", "lora-q8"]}]
LINKED = Linked.of([Samples((), (), json.dumps({"tasks": TASKS}), ())])


def test_a_pair_leads_to_its_answers_where_the_page_holds_both() -> None:
    rows = [row for row in of_kind(quickstart(), "quantization") if row.metric == "accuracy"]
    hrefs = {row.candidate: LINKED.pair(row, "broke") for row in rows}
    assert hrefs == {
        "lora-q8": "#s=sentiment&a=lora-f16&b=lora-q8&mode=broke",
        "lora-q5": "",
        "lora-q4": "#s=sentiment&a=lora-f16&b=lora-q4&mode=broke",
    }
    assert not any(NOWHERE.pair(row) for row in rows)


def test_names_of_a_forest_plot_lead_to_answers() -> None:
    rows = [row for row in of_kind(quickstart(), "quantization") if row.metric == "accuracy"]
    (chart,) = forests(quickstart(), "f", judge(quickstart(), rows), LINKED)
    assert chart.svg.count('<a href="#s=sentiment&amp;a=lora-f16&amp;b=lora-q4">') == 2
    (bare,) = forests(quickstart(), "f", judge(quickstart(), rows))
    assert "<a " not in bare.svg


def test_counts_of_a_matrix_lead_to_their_answers_and_unparsed_ones_to_those() -> None:
    of = Confusion("c", ("no", "yes"), ((1, 2, 3), (4, 5, 6)), "sentiment", "lora-q4")
    found = LINKED.confused(of).hrefs
    assert found[0][1] == "#s=sentiment&a=lora-q4&label=no&answer=yes"
    assert found[1][2] == "#s=sentiment&a=lora-q4&mode=unparsed&label=yes"
    assert LINKED.confused(Confusion("c", (), (), "dialogue", "lora-q4")).hrefs == ()


def test_gates_lead_to_the_answers_that_they_judge() -> None:
    summary = quickstart()
    table: Table = LINKED.gates(gate_table(summary), summary.gates)
    hrefs = {row.fields[1].text: row.fields[1].href for row in table.rows}
    assert hrefs["lora-q4"] == "#s=sentiment&a=lora-f16&b=lora-q4"
    assert hrefs["lora"] == ""
