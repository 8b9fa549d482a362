"""Random weights of a named shape, in a suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.records import SourceStep
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite

SUITE = """
name: shapes
defaults: {{seed: {seed}}}
models:
  base: {{source: {source}, weights: random}}
  q4:   {{from: base, gguf: Q4_K_M}}
tasks:
  speed: {{type: speed}}
"""


def plan(tmp_path: Path, source: str, seed: int = 0) -> Plan:
    text = SUITE.format(source=source, seed=seed)
    suite = parse_suite(text, tmp_path / "suite.yaml", known())
    return make_plan(suite, resolve(suite, tmp_path))


def drawn(made: Plan) -> str:
    (key,) = [step.key for step in made.steps.values() if step.kind == "random"]
    return key


def test_random_weights_are_made_once_and_go_into_everything(tmp_path: Path) -> None:
    made = plan(tmp_path, "{architecture: smollm2-135m, num_hidden_layers: 2}")
    kinds = [step.kind for step in made.steps.values()]
    assert kinds.count("random") == 1 and "source" not in kinds
    assert made.models["base"].lineage == (
        SourceStep(name="smollm2-135m", random=True, changed={"num_hidden_layers": 2}),
    )
    assert made.models["base"].synthetic and made.models["q4"].synthetic


def test_shape_and_seed_make_the_key(tmp_path: Path) -> None:
    keys = {
        drawn(plan(tmp_path, source, seed))
        for source, seed in (
            ("{architecture: smollm2-135m}", 0),
            ("{architecture: smollm2-135m}", 1),
            ("{architecture: smollm2-135m, num_hidden_layers: 2}", 0),
            ("{architecture: smollm2-360m}", 0),
        )
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{source: {architecture: smollm-135m}, weights: random}", "unknown architecture"),
        ("{source: {architecture: smollm2-135m}}", "`weights: random` and a source's"),
        ("{source: starter, weights: random}", "`weights: random` and a source's"),
        ("{source: {num_hidden_layers: 2}, weights: random}", "architecture"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, line: str, message: str) -> None:
    text = f"name: s\nmodels:\n  base: {line}\ntasks:\n  speed: {{type: speed}}\n"
    with pytest.raises(SuiteError) as caught:
        parse_suite(text, tmp_path / "suite.yaml", known())
    assert message in str(caught.value)
