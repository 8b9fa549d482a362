"""What a suite may say of where answers end, and what it is told where that cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.plan.cell_params import asked_part
from harness.suite.schema import ClassifyTask, SummarizeTask, WriteTask
from harness.suite.schema.tasks.multiple_choice import MultipleChoiceTask

CHOICES = {"type": "multiple_choice", "dataset": "d", "answer_with": "texts"}


def classify(**keys: Any) -> ClassifyTask:
    return ClassifyTask.model_validate({"type": "classify", "dataset": "d", **keys})


def summarize(**keys: Any) -> SummarizeTask:
    return SummarizeTask.model_validate({"type": "summarize", "dataset": "d", **keys})


def test_one_stop_or_several_or_none_are_said_alike() -> None:
    assert summarize(stop="\n").ending == {"stop": ("\n",)}
    assert summarize(stop=["\n", "###", "\n"]).ending == {"stop": ("\n", "###")}
    assert summarize(stop="none", shots=2).ending == summarize(stop=[]).ending == {"stop": ()}


def test_what_nothing_is_said_of_is_left_to_the_prompts_where_it_may_matter() -> None:
    assert summarize().ending == {} and summarize(shots=2).ending == {"stop": None}
    assert classify().ending == {"score": None}
    assert classify(ask="generate").ending == {}
    assert classify(ask="generate", shots=1).ending == {"stop": None}
    assert MultipleChoiceTask.model_validate(CHOICES).ending == {"score": None}
    task = {"type": "write", "prompts": ["a"]}
    assert WriteTask.model_validate(task).ending == {}
    assert WriteTask.model_validate({**task, "stop": "END"}).ending == {"stop": ("END",)}


def test_it_is_held_by_the_prompts_and_not_by_cells() -> None:
    said = asked_part(classify(score="end"))
    assert said == asked_part(classify()) and "stop" not in said


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"ask": "generate", "score": "end"}, "`score` is for `ask: loglikelihood`"),
        ({"stop": "\n"}, "`stop` is for `ask: generate`"),
        ({"ask": "generate", "stop": "\\n"}, "in double quotes"),
        ({"ask": "generate", "stop": [""]}, "a `stop` without a character"),
        ({"score": "median"}, "'sum', 'mean' or 'end'"),
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        classify(**keys)


def test_two_lengths_cannot_both_divide() -> None:
    with pytest.raises(ValidationError, match="both divide by a length"):
        MultipleChoiceTask.model_validate({**CHOICES, "score": "mean", "normalize": "bytes"})
