"""What steps are given: what of it is in their keys, and what comes back from a journey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.kinds import KINDS
from harness.plan.params import (
    CheckParams,
    FetchParams,
    GgufParams,
    Params,
    ParityParams,
    PromptsParams,
    SourceParams,
)
from harness.plan.steps import Step, make_step
from harness.suite.schema import TASK_TYPES, type_of
from tests.plan.test_builder import plan
from tests.plan.test_rounds import timing

TASKS: dict[str, dict[str, Any]] = {
    "classify": {"dataset": "data", "ask": "generate", "max_new_tokens": 5},
    "multiple_choice": {"dataset": "data", "answer_with": "texts", "normalize": "bytes"},
    "summarize": {"dataset": "data", "max_new_tokens": 7},
    "divergence": {},
    "perplexity": {},
    "write": {"max_new_tokens": 9},
    "instruct": {"max_new_tokens": 9},
    "refuse": {"max_new_tokens": 9},
    "comply": {"max_new_tokens": 9},
    "speed": {"prompt_tokens": [8, 16], "new_tokens": 4, "rounds": 2},
    "load": {
        "concurrency": [1, 2],
        "rates": [0.5],
        "new_tokens": 4,
        "within": {"ttft": 1.0, "tpot": None, "latency": None},
    },
}


def travelled(params: Params) -> Params:
    return type(params).model_validate_json(json.dumps(params.data()))


def cell(task: Mapping[str, Any]) -> CellParams:
    return CellParams.model_validate({"task": task, "options": {}, "seed": 0})


def test_all_steps_of_a_plan_are_given_the_record_of_their_kind_and_come_back_the_same() -> None:
    found = plan()
    for step in (*found.steps.values(), *found.cells, *timing(found)):
        assert type(step.params) is KINDS[step.kind].params
        assert travelled(step.params) == step.params


@pytest.mark.parametrize("name", TASK_TYPES)
def test_a_cell_has_what_it_was_given_of_a_task_of_any_type(name: str) -> None:
    made = cell({"type": name, **TASKS[name]})
    assert type_of(made.task).name == name and travelled(made) == made
    told = made.data()["task"]
    assert told.items() >= {"type": name, **TASKS[name]}.items()
    assert not told.keys() & TASK_TYPES[name].stand_ins.keys()


def test_what_was_not_given_is_not_in_the_key_and_none_is_given() -> None:
    assert PromptsParams().identity() == {}
    assert PromptsParams(limit=None, plain=False).identity() == {"limit": None, "plain": False}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SourceParams(what="gguf", contents="1", model="a"), {"model": "b"}),
        (CheckParams(mismatch="error"), {"mismatch": "allow"}),
        (ParityParams(against="the weights of a"), {"against": "the weights of b"}),
        (cell({"type": "speed"}), {"cell": "key", "round": 2}),
        (cell({"type": "write"}), {"answers": "key"}),
    ],
)
def test_who_asks_and_what_comes_of_it_is_no_part_of_the_key(
    one: Params, other: dict[str, Any]
) -> None:
    changed = one.model_copy(update=other)
    assert changed != one and changed.identity() == one.identity()
    assert travelled(changed) == changed


def test_a_step_gives_its_own_record_alone() -> None:
    step: Step = make_step("quantize", "", GgufParams(type="Q8_0"), {}, {})
    assert step.given(GgufParams).type == "Q8_0"
    with pytest.raises(TypeError, match="kind quantize has no FetchParams"):
        step.given(FetchParams)


def test_a_record_takes_nothing_that_its_kind_does_not_know() -> None:
    with pytest.raises(ValidationError, match="extra"):
        GgufParams.model_validate({"type": "F16", "kind": "x"})


def test_an_engine_is_told_all_options() -> None:
    assert LoadOptions(threads=2).model_dump(exclude_none=True) == {
        "threads": 2, "device": "auto", "context": 0, "dtype": "auto",
    }  # fmt: skip
