"""One request of a server under load, as it stands in a sample, and what its waits are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import BadDataError
from harness.metrics.statistic import FloatArray
from harness.records import Sample

LEVEL = "level"
"""The key in a sample's data that says of which level it is, by number."""
FACTS = "facts"
"""The key in a sample's data that holds what is known of a whole level; requests have none."""


@dataclass(frozen=True)
class Request:
    """One request; moments are seconds since its level began.

    Attributes:
        level: the number of its level; the first is the headline.
        number: its place in the order in which requests of its level were due.
        due: when it should have been sent.
        sent: when it was.
        ended: when it was answered, or failed.
        pieces: of each piece of the answer, seconds from when the request was sent.
        new_tokens: that were written.
        prompt_tokens: that were read; None where nobody counted.
        error: what went wrong, by name; "" where it was answered.
    """

    level: int
    number: int
    due: float
    sent: float
    ended: float
    pieces: FloatArray
    new_tokens: int
    prompt_tokens: int | None
    error: str

    @classmethod
    def of(cls, sample: Sample) -> Request:
        """Reads a sample.

        Raises:
            BadDataError: it is none of a request.
        """
        data = sample.data
        try:
            return cls(
                level=int(data[LEVEL]),
                number=int(data["number"]),
                due=float(data["due"]),
                sent=float(data["sent"]),
                ended=float(data["ended"]),
                pieces=np.array(data["pieces"], dtype=np.float64),
                new_tokens=int(data["new_tokens"]),
                prompt_tokens=data["prompt_tokens"],
                error=str(data["error"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadDataError(
                f'The sample "{sample.id}" is no request: {error}.',
                "`harness run SUITE --again MODEL/TASK` sends all of them anew.",
            ) from error

    @property
    def answered(self) -> bool:
        """Whether there is an answer, be it empty."""
        return not self.error

    @property
    def late(self) -> float:
        """How long after it was due it was sent."""
        return self.sent - self.due

    @property
    def first(self) -> float | None:
        """From when it was sent until the first token was there; None of an empty answer."""
        return float(self.pieces[0]) if len(self.pieces) else None

    @property
    def ttft(self) -> float | None:
        """From when it was due until the first token was there; None of an empty answer."""
        return None if self.first is None else self.late + self.first

    @property
    def latency(self) -> float:
        """From when it was due until the whole answer was there."""
        return self.ended - self.due

    @property
    def tpot(self) -> float | None:
        """Seconds for each token after the first; None of a single one.

        As vLLM's TPOT and AIPerf's inter-token latency: (latency - TTFT) / (tokens - 1).
        """
        if self.ttft is None or self.new_tokens < 2:
            return None
        return (self.latency - self.ttft) / (self.new_tokens - 1)

    @property
    def gaps(self) -> FloatArray:
        """Seconds between one piece and the next: vLLM's ITL, AIPerf's inter-chunk latency."""
        found: FloatArray = np.diff(self.pieces)
        return found


def requests_of(samples: Iterable[Sample]) -> list[Request]:
    """The requests among samples, level by level in the order in which they were due."""
    found = (Request.of(sample) for sample in samples if FACTS not in sample.data)
    return sorted(found, key=lambda of: (of.level, of.number))


def each(values: Iterable[float | None]) -> FloatArray:
    """Those that there are (requests,)."""
    return np.array([value for value in values if value is not None], dtype=np.float64)


def all_gaps(requests: Sequence[Request]) -> FloatArray:
    """The gaps of all requests, one after the other."""
    return np.concatenate([of.gaps for of in requests] or [np.empty(0)])


def of_headline(
    of: Callable[[Sequence[Request]], FloatArray],
) -> Callable[[Sequence[Sample]], list[FloatArray]]:
    """What a metric of the first level is made of, in the order in which its requests were due."""

    def rounds(samples: Sequence[Sample]) -> list[FloatArray]:
        found = of([one for one in requests_of(samples) if one.level == 0 and one.answered])
        return [found] if len(found) else []

    return rounds
