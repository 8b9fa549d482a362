"""The numbers that samples hold, one of each sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.errors import BadDataError
from harness.metrics.statistic import FloatArray
from harness.records import Sample


def scores(name: str, samples: Sequence[Sample]) -> FloatArray:
    """A score of each sample (examples,).

    Raises:
        BadDataError: a sample does not have it.
    """
    return _numbers(name, samples, [sample.scores.get(name) for sample in samples])


def datum(name: str, samples: Sequence[Sample]) -> FloatArray:
    """A number in the data of each sample (examples,).

    Raises:
        BadDataError: a sample does not have it.
    """
    return _numbers(name, samples, [sample.data.get(name) for sample in samples])


def lists(name: str, samples: Sequence[Sample]) -> list[list[float]]:
    """A list of numbers in the data of each sample.

    Raises:
        BadDataError: a sample does not have it.
    """
    found = [sample.data.get(name) for sample in samples]
    for sample, values in zip(samples, found, strict=True):
        if not isinstance(values, list):
            raise _lacking(name, sample)
    return [values for values in found if isinstance(values, list)]


def _numbers(name: str, samples: Sequence[Sample], values: Sequence[object]) -> FloatArray:
    numbers = []
    for sample, value in zip(samples, values, strict=True):
        if not isinstance(value, int | float):
            raise _lacking(name, sample)
        numbers.append(float(value))
    return np.array(numbers, dtype=np.float64)


def _lacking(name: str, sample: Sample) -> BadDataError:
    return BadDataError(
        f'The sample of example "{sample.id}" has no "{name}".',
        "Delete the cell's folder so that it is asked again.",
    )
