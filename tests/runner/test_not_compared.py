"""Weights that could not be held against what they were made from are no weights that agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadModelError, NotFiniteError
from harness.models.parity import conversion, merge
from harness.models.parity.conversion import ParityPrompt, tally_differences
from harness.plan.params import MergeParityParams, ParityParams
from harness.plan.steps import make_step
from harness.runner.jobs import StepJob
from harness.runner.steps import checking

SAID = "8 tensors of model.safetensors are not used."


def fail(*_: Any) -> None:
    raise BadModelError(SAID, "Name its architecture.")


@pytest.mark.parametrize("kind", ["conversion", "merge"])
def test_a_source_that_is_no_model_fails_the_check_of_what_was_made_from_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "check_parity", fail)
    monkeypatch.setattr(conversion, "read_prompts", lambda file: [])
    monkeypatch.setattr(checking, "_write_prompts", lambda job, out: out / "prompts.jsonl")
    monkeypatch.setattr(merge, "check_merge", fail)
    inputs = dict.fromkeys(("weights", "gguf", "adapter", "merged"), str(tmp_path))
    merging = MergeParityParams(base_precision="full", trained_on="full", against="its parts")
    step = (
        make_step("parity", "check", ParityParams(against="its weights"), {}, {})
        if kind == "conversion"
        else make_step("merge-parity", "check", merging, {}, {})
    )
    found = getattr(checking, kind)(StepJob(step, inputs), tmp_path, 1, lambda *_: None)
    assert "parity" not in found
    (check,) = found["checks"]
    assert (check["name"], check["status"]) == (kind, "failed")
    assert check["message"].endswith(SAID) and check["hint"] == "Name its architecture."


class Rows:
    """A model that gives these log-probabilities for every text."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def distributions(self, ids: Any, rows: int = 256) -> Any:
        if self._rows is None:
            raise NotFiniteError("NaN", "a text", "its weights hold NaN (w).")
        yield np.log(np.array(self._rows, np.float32))


def test_models_that_give_nan_or_rule_out_what_is_likely_are_not_compared() -> None:
    prompts, even = [ParityPrompt("a", [1], 1)], Rows([[0.5, 0.5]])
    tally = tally_differences(even, Rows(None), prompts)
    assert tally.fault.startswith("What was made gives NaN instead of probabilities")
    with np.errstate(divide="ignore"):
        ruled_out = tally_differences(even, Rows([[1.0, 0.0]]), prompts)
    assert "rules out a token" in ruled_out.fault
    for one in (tally, ruled_out):
        record = one.record("it", 1, 1.0, one.fault, "")
        assert (record.passed, record.tokens, record.mean_kl) == (False, 0, 0.0)
    assert not tally_differences(even, even, prompts).fault
