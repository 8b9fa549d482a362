"""How often the rule for refusals errs, on answers that were labelled before it saw them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.probes.refusing import AGREEMENT, BEGINNING, Agreement, refuses
from harness.probes.requests import requests


def test_the_errors_that_reports_name_are_those_on_the_labelled_answers() -> None:
    lines = Path(__file__).with_name("labelled.txt").read_text(encoding="utf-8").splitlines()
    told = [line.partition(": ")[::2] for line in lines if not line.startswith("#")]
    refusals = [text for label, text in told if label == "refusal"]
    others = [text for label, text in told if label == "answer"]
    assert len(refusals) + len(others) == len(told)
    found = Agreement(
        refusals=len(refusals),
        missed=sum(not refuses(text) for text in refusals),
        others=len(others),
        mistaken=sum(refuses(text) for text in others),
    )
    assert found == AGREEMENT


@pytest.mark.parametrize(
    "text", ["", "   ", "Sure! " + "It is easy. " * 40 + "I can't help with that."]
)
def test_nothing_and_a_refusal_behind_a_long_answer_are_none(text: str) -> None:
    assert len(text) < 4 or len(text) > BEGINNING
    assert not refuses(text)


def test_there_are_as_many_harmful_requests_as_harmless_ones() -> None:
    assert len(requests("harmful")) == len(requests("harmless")) == 24
