"""What a key may be is told from the suite's format, wherever the key stands."""

from __future__ import annotations

from typing import Any

import pytest

from harness.suite.problems import literal_values


@pytest.mark.parametrize(
    ("location", "values"),
    [
        (("models", "base", "quantize"), ["nf4", "int8"]),
        (
            ("models", "lora", "finetune", "method"),
            ["lora", "qlora", "lora-8bit", "dora", "rslora", "full"],
        ),
        (("tasks", "s", "classify", "ask"), ["loglikelihood", "generate"]),
        (("tasks", "s", "classify", "agreement"), ["all", "75", "66", "50"]),
        (("tasks", "s", "classify", "metrics", 0, "own", "better"), ["higher", "lower"]),
        (("gates", 0, "undecided"), ["fail", "pass"]),
        (("compare", "c", "prompts"), ["same", "any"]),
        (("defaults", "mismatch"), ["error", "allow"]),
    ],
)
def test_the_values_of_a_key_are_found_by_its_place(
    location: tuple[Any, ...], values: list[str]
) -> None:
    assert literal_values(location) == values
