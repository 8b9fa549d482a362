"""Metrics of a suite's own that do not read the language of the right answers are found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.metrics.languages import limit_of, readings
from harness.metrics.python_metric import open_function
from harness.records import Sample
from harness.suite.metrics import MetricRef
from harness.words import Wording

CHINESE, RUSSIAN = "公司利润增长", "Прибыль компании выросла"


def of_hub(name: str, **args: Any) -> MetricRef:
    return MetricRef("evaluate", (name,), (None,), "", args=args, repo=f"evaluate-metric/{name}")


@pytest.mark.parametrize(
    ("ref", "chinese", "russian"),
    [
        (of_hub("rouge"), "cuts", "cuts"),
        (of_hub("meteor"), "spaces", "English"),
        (of_hub("wer"), "spaces", ""),
        (of_hub("bleu"), "spaces", ""),
        (of_hub("sacrebleu"), "spaces", ""),
        (of_hub("sacrebleu", tokenize="zh"), "", ""),
        (of_hub("sari"), "spaces", ""),
        (of_hub("chrf"), "", ""),
        (of_hub("cer"), "", ""),
        (MetricRef("evaluate", ("mine",), (None,), "/somewhere/wer/wer.py"), "spaces", ""),
        (MetricRef("python", ("wer",), (None,), "wer.py:wer"), "", ""),
    ],
)
def test_what_is_known_of_a_metric_is_said_where_it_matters(
    ref: MetricRef, chinese: str, russian: str
) -> None:
    assert limit_of(ref, Wording.of(["the profit rose"])) == ""
    for text, reason in ((CHINESE, chinese), (RUSSIAN, russian)):
        limit = limit_of(ref, Wording.of([text]))
        assert reason in limit and bool(limit) == bool(reason)


MINE = """\
import re
def letters(prediction, target):
    mine, theirs = (set(re.findall("[a-z]+", text.lower())) for text in (prediction, target))
    return len(mine & theirs) / max(1, len(theirs))
def same(prediction, target):
    return float(prediction == target)
def breaks(prediction, target):
    raise ValueError("never mind")
"""


def found(tmp_path: Path, target: str) -> dict[str, dict[str, Any]]:
    (tmp_path / "mine.py").write_text(MINE)
    names = ("letters", "same", "breaks")
    refs = [MetricRef("python", (n,), (None,), f"mine.py:{n}", str(tmp_path)) for n in names]
    samples = [Sample(key="k", index=0, id="a", target=target, answer="something else")]
    return readings(refs, [open_function(ref) for ref in refs], samples, ())


def test_a_metric_that_gives_nothing_to_the_right_answer_itself_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, RUSSIAN) == {
        "letters": {"of_right_answers": 0.0},
        "same": {"of_right_answers": 1.0},
    }


def test_nothing_is_tried_where_right_answers_are_english(tmp_path: Path) -> None:
    assert found(tmp_path, "the profit rose") == {}
