"""The page for students names every check and every part that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from harness.assignment.checks import CHECKS
from harness.assignment.criteria import read_criteria
from harness.assignment.parts import PARTS
from harness.assignment.report import CHECKLIST, facts
from harness.assignment.source import Source
from tests.assignment.made import NOWHERE
from tests.reporting.fixture import quickstart

PAGE = (Path(__file__).parents[2] / "docs" / "assignment.md").read_text()


def rows(head: str) -> dict[str, str]:
    """A table's rows: the first field, and the second."""
    table = PAGE.split(f"| {head} |")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| (.+?) \| ?(.*?) ?\|$", table, re.M))


def test_every_check_stands_there_with_what_it_looks_for() -> None:
    said = rows("check | is met where")
    assert said == {f"`{name}`": check.looks_for for name, check in CHECKS.items()}


def test_every_part_and_every_fact_stands_there() -> None:
    assert set(re.findall(r"`(\w+)`", " ".join(rows("`show.` |")))) == {*PARTS, CHECKLIST}
    (told,) = re.findall(r"stands within a sentence: (.*?)\. Templates", PAGE, re.S)
    assert set(re.findall(r"`(\w+)`", told)) == set(facts(Source(quickstart(), NOWHERE)))


def test_its_criteria_are_criteria() -> None:
    (block,) = re.findall(r"```yaml\n(deliverables:.*?)```", PAGE, re.S)
    found = read_criteria(block, "docs/assignment.md", CHECKS, ["web-ui"])
    assert found.deliverables[0].words == ("web-ui",) and len(found.criteria[0].checks) == 2
