"""What continuous integration reads: JUnit XML, a pull request's summary, annotations."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from harness.records import GateVerdict, Summary
from harness.reporting.ci import github_annotations, junit
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import gates, quickstart
from tests.reporting.hostile import hostile
from tests.reporting.variants import with_failures


def judged(outcome: str, passed: bool) -> Summary:
    """The quickstart with its gates, the last of them with this outcome."""
    *others, last = gates()
    made: GateVerdict = last.model_copy(update={"outcome": outcome, "passed": passed})
    first = [one.model_copy(update={"outcome": "met", "passed": True}) for one in others]
    return quickstart(gates=[*first, made])


def cases(summary: Summary) -> list[ElementTree.Element]:
    return ElementTree.fromstring(junit(summary)).findall("testsuite/testcase")


@pytest.mark.parametrize(
    ("outcome", "passed", "tag"),
    [
        ("not met", False, "failure"),
        ("undecided", False, "failure"),
        ("undecided", True, "skipped"),
        ("met", True, "system-out"),
    ],
)
def test_a_gate_is_a_test_case(outcome: str, passed: bool, tag: str) -> None:
    summary = judged(outcome, passed)
    found = cases(summary)
    assert len(found) == len(summary.gates)
    assert [child.tag for child in found[-1]] == [tag]
    assert [child.tag for case in found[:-1] for child in case] == ["system-out"] * len(found[:-1])


def test_the_counts_are_those_of_the_cases() -> None:
    summary = with_failures()
    whole = ElementTree.fromstring(junit(summary))
    failed = sum(cell.status == "failed" for cell in summary.cells)
    assert failed > 0
    for element in (whole, whole.find("testsuite")):
        assert element is not None
        assert int(element.attrib["tests"]) == len(whole.findall(".//testcase"))
        assert int(element.attrib["errors"]) == len(whole.findall(".//error")) == failed
        assert int(element.attrib["failures"]) == len(whole.findall(".//failure"))
        assert int(element.attrib["skipped"]) == len(whole.findall(".//skipped"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_xml_is_well_formed_whatever_names_and_reasons_hold(variant: str) -> None:
    ElementTree.fromstring(junit(VARIANTS[variant]()))


def test_an_annotation_says_what_a_reader_has_to_know_in_one_line() -> None:
    (line,) = github_annotations(judged("not met", False))
    assert line.startswith("::error title=Gate not met%3A lora-q4::Accuracy on sentiment must not ")
    (line,) = github_annotations(judged("undecided", True))
    assert line.startswith("::warning title=Gate undecided%3A lora-q4::")
    assert list(github_annotations(judged("met", True))) == []


def test_an_annotation_cannot_become_another_command() -> None:
    for line in github_annotations(hostile()):
        assert "\n" not in line and line.count("::") >= 2
        title = line.split("::")[1]
        assert "," not in title and ":" not in title
