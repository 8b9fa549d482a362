"""What continuous integration reads: JUnit XML and annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from harness.records import Failure, GateVerdict, Summary
from harness.reporting.format import clean, sentence
from harness.reporting.measures import label, metric_of


def junit(summary: Summary) -> str:
    """JUnit XML: a test case for each gate and candidate, and an error for each failed cell.

    A gate that is not met is a failure; an undecided one is a failure where the suite says so, and
    else skipped.
    """
    name = _xml(str(summary.suite.get("name", "suite")))
    suite = ElementTree.Element(
        "testsuite", name=f"harness: {name}", timestamp=_xml(summary.created)
    )
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for verdict in summary.gates:
        case = _case(suite, _place(summary, verdict), f"{name}.gates")
        counts["tests"] += 1
        if not verdict.passed:
            counts["failures"] += 1
            _said(case, "failure", verdict.outcome, verdict.reason)
        elif verdict.outcome == "undecided":
            counts["skipped"] += 1
            _said(case, "skipped", verdict.outcome, verdict.reason)
        else:
            ElementTree.SubElement(case, "system-out").text = _xml(verdict.reason)
    for cell in summary.cells:
        if cell.status == "failed":
            counts["tests"] += 1
            counts["errors"] += 1
            case = _case(suite, f"{cell.model}: {cell.task}", f"{name}.cells")
            error = cell.error or Failure(kind="error", message="it failed")
            _said(case, "error", error.kind, f"{error.message} {error.hint}")
    suite.attrib.update({key: str(count) for key, count in counts.items()})
    whole = ElementTree.Element("testsuites", {k: str(n) for k, n in counts.items()})
    whole.append(suite)
    ElementTree.indent(whole)
    return ElementTree.tostring(whole, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Text that XML 1.0 can hold."""
    return re.sub("[\ufffe\uffff]", "", clean(text))


def _case(suite: ElementTree.Element, name: str, classname: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", name=_xml(name), classname=classname)


def _said(case: ElementTree.Element, tag: str, kind: str, text: str) -> None:
    made = ElementTree.SubElement(case, tag, type=_xml(kind), message=_xml(text))
    made.text = _xml(text)


def _place(summary: Summary, verdict: GateVerdict) -> str:
    against = f" against {verdict.baseline}" if verdict.baseline else ""
    return f"{verdict.candidate}{against}: {label(metric_of(summary, verdict))} on {verdict.task} {verdict.rule}"


def github_annotations(summary: Summary) -> Iterator[str]:
    """GitHub workflow commands: an error for what fails, a warning for what is undecided."""
    for verdict in summary.gates:
        if verdict.outcome == "met":
            continue
        level = "warning" if verdict.passed else "error"
        title = f"Gate {verdict.outcome}: {verdict.candidate}"
        named = label(metric_of(summary, verdict))
        text = f"{named} on {verdict.task} {sentence(verdict.rule)} {verdict.reason}"
        yield f"::{level} title={_property(title)}::{_data(text[:1].upper() + text[1:])}"
    for cell in summary.cells:
        if cell.status == "failed":
            reason = cell.error.message if cell.error else "it failed"
            title = f"Failed: {cell.model}, {cell.task}"
            yield f"::error title={_property(title)}::{_data(reason)}"


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
