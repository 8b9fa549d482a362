"""How much of a data set is quoted: by its licence, and where."""

from __future__ import annotations

from typing import Any

import pytest

from harness.data.catalog import CATALOG
from harness.records import Summary
from harness.records.licences import quoting
from tests.reporting.fixture import quickstart


def on(licence: str, dataset: Any = "named", **task: Any) -> Summary:
    """A summary whose sentiment task is on a data set with a licence."""
    whole = quickstart()
    told = {"licence": licence, "synthetic": False, "asked": {}} | task
    of = whole.tasks["sentiment"].model_copy(update=told)
    spec = {"tasks": {"sentiment": {"type": "classify", "dataset": dataset}}}
    suite = {**whole.suite, "spec": spec}
    return whole.model_copy(update={"tasks": {**whole.tasks, "sentiment": of}, "suite": suite})


HUB, FILE = {"hub": "org/data"}, {"file": "rows.csv"}


@pytest.mark.parametrize(
    ("licence", "dataset", "quoted", "published"),
    [
        ("Apache-2.0", "named", "all", "all"),
        ("MIT", HUB, "all", "all"),
        ("CC0 1.0", HUB, "all", "all"),
        ("CC BY 4.0", HUB, "all", "all"),
        ("cc-by-sa-4.0", HUB, "all", "all"),
        ("CC BY-NC 4.0", HUB, "all", "none"),
        ("cc-by-nd-4.0", HUB, "all", "none"),
        (CATALOG["financial_phrasebank"].licence, "financial_phrasebank", "all", "none"),
        (CATALOG["samsum"].licence, "samsum", "all", "none"),
        ("not stated", HUB, "changed", "none"),
        ("", HUB, "changed", "none"),
        ("", "samsum", "changed", "none"),
        ("All rights reserved", "named", "changed", "none"),
        ("not stated", FILE, "all", "none"),
        ("not stated", {"python": "rows.py:rows"}, "all", "none"),
    ],
)
def test_what_is_quoted_follows_from_the_licence(
    licence: str, dataset: Any, quoted: str, published: str
) -> None:
    summary = on(licence, dataset)
    assert quoting(summary, "sentiment").amount == quoted
    assert quoting(summary, "sentiment", published=True).amount == published
    for of in (quoting(summary, "sentiment"), quoting(summary, "sentiment", published=True)):
        assert of.licence and of.reason.endswith(".")


def test_what_is_synthetic_or_the_suites_own_prompts_is_free() -> None:
    for published in (False, True):
        assert quoting(on("", synthetic=True), "sentiment", published).amount == "all"
        assert quoting(on("", asked={"p": "Hello"}), "sentiment", published).amount == "all"


def test_whom_data_is_owed_to_travels_along() -> None:
    told = quoting(on("CC BY-NC-SA 3.0", citation="P. Malo and others"), "sentiment")
    assert told.citation == "P. Malo and others" and told.licence == "CC BY-NC-SA 3.0"
