"""All summaries that a report has to stand, by name."""

from __future__ import annotations

from tests.reporting.fixture import quickstart
from tests.reporting.hostile import hostile, hostile_texts
from tests.reporting.variants import (
    empty,
    only_one_model,
    partly,
    undecided_gates,
    with_an_adapter_of_others,
    with_doubts,
    with_failures,
    with_long_names,
    with_seeds,
    with_twelve_models,
    with_votes,
    without_intervals,
    without_speed,
)
from tests.reporting.written import speed_and_texts, texts_alone, with_texts

VARIANTS = {
    "quickstart": quickstart,
    "failures": with_failures,
    "one-model": only_one_model,
    "no-comparisons": lambda: quickstart(comparisons=[], gates=[]),
    "no-gates": lambda: quickstart(gates=[]),
    "no-speed": without_speed,
    "no-intervals": without_intervals,
    "long-names": with_long_names,
    "twelve-models": with_twelve_models,
    "doubts": with_doubts,
    "undecided": undecided_gates,
    "seeds": with_seeds,
    "texts": with_texts,
    "texts-alone": texts_alone,
    "votes": with_votes,
    "speed-and-texts": speed_and_texts,
    "partial": partly,
    "hostile": hostile,
    "hostile-texts": hostile_texts,
    "adapter-of-others": with_an_adapter_of_others,
    "empty": empty,
}
