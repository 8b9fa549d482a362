"""One repetition of a timing, as it stands in a sample, and what rounds of them are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.errors import BadDataError
from harness.metrics.statistic import FloatArray
from harness.records import Sample

Phase = Literal["prefill", "decode"]


@dataclass(frozen=True)
class Repetition:
    """One sample of a timing; what the fields mean is said in `harness.engines.timing`."""

    round: int
    phase: Phase
    tokens: int
    batch_size: int
    depth: int
    headline: bool
    forward_seconds: FloatArray
    sampling_seconds: FloatArray
    step_bytes: int | None

    @classmethod
    def of(cls, sample: Sample) -> Repetition:
        """Reads a sample.

        Raises:
            BadDataError: it is none of a timing.
        """
        data = sample.data
        try:
            return cls(
                round=int(data["round"]),
                phase=data["phase"],
                tokens=int(data["tokens"]),
                batch_size=int(data["batch_size"]),
                depth=int(data["depth"]),
                headline=bool(data["headline"]),
                forward_seconds=np.array(data["forward_seconds"], dtype=np.float64),
                sampling_seconds=np.array(data["sampling_seconds"], dtype=np.float64),
                step_bytes=data.get("step_bytes"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadDataError(
                f'The sample "{sample.id}" is no timing: {error}.',
                "`harness run SUITE --again MODEL/TASK` times it anew.",
            ) from error

    @property
    def shape(self) -> tuple[Phase, int, int, int]:
        """What was timed, to tell it from others."""
        return (self.phase, self.tokens, self.batch_size, self.depth)

    @property
    def tokens_per_second(self) -> float:
        """Of all sequences together, forward passes alone."""
        return float(self.tokens * self.batch_size / self.forward_seconds.sum())

    @property
    def waits(self) -> FloatArray:
        """Seconds until each token is known: after the prompt, or after the token before."""
        seconds: FloatArray = self.forward_seconds + self.sampling_seconds
        return seconds


Rounds = Callable[[Sequence[Sample]], list[FloatArray]]


def by_round(phase: Phase, of: Callable[[Repetition], FloatArray]) -> Rounds:
    """What a metric of a phase's headline shape is made of: an array a round, in their order."""

    def rounds(samples: Sequence[Sample]) -> list[FloatArray]:
        found: dict[int, list[FloatArray]] = {}
        for repetition in map(Repetition.of, samples):
            if repetition.headline and repetition.phase == phase:
                found.setdefault(repetition.round, []).append(of(repetition))
        return [np.concatenate(parts) for _, parts in sorted(found.items())]

    return rounds


def rates(phase: Phase) -> Rounds:
    """The tokens per second of each repetition."""
    return by_round(phase, lambda repetition: np.array([repetition.tokens_per_second]))


def waits(phase: Phase) -> Rounds:
    """The seconds that each token was waited for."""
    return by_round(phase, lambda repetition: repetition.waits)
