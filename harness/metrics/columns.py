"""The numbers that samples hold, one of each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.errors import BadDataError
from harness.metrics.statistic import FloatArray
from harness.records import Sample

_NUMBER = (int, float)


def scores(name: str, samples: Sequence[Sample]) -> FloatArray:
    """A score of each sample (examples,). Raises BadDataError if a sample does not have it, or no number."""
    return np.array([_known(name, sample, sample.scores, _NUMBER) for sample in samples], float)


def datum(name: str, samples: Sequence[Sample]) -> FloatArray:
    """A number in the data of each sample (examples,). Raises BadDataError likewise."""
    return np.array([_known(name, sample, sample.data, _NUMBER) for sample in samples], float)


def lists(name: str, samples: Sequence[Sample]) -> list[list[float]]:
    """A list of numbers in the data of each sample. Raises BadDataError likewise."""
    return [_known(name, sample, sample.data, list) for sample in samples]


def _known(name: str, sample: Sample, values: Mapping[str, Any], kind: Any) -> Any:
    value = values.get(name)
    if not isinstance(value, kind):
        raise BadDataError(
            f'The sample of example "{sample.id}" has no "{name}".',
            "`harness run SUITE --again MODEL/TASK` asks it anew.",
        )
    return value
