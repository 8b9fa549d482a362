"""What the client itself costs, so that a slow client is not taken for a slow server.

A pulse looks how late the event loop wakes it: as late may every moment be that is noted. Processor time
of this process, beside the seconds by the clock, says how near the client is to its own limit of one core.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

BEAT = 0.01
"""Seconds between two beats of the pulse."""


@dataclass(frozen=True)
class ClientCost:
    """Of one level.

    Attributes:
        cpu_share: of one core that this process took.
        lag_seconds: how late the event loop was, by the 99th percentile.
        longest_lag_seconds: the same at most.
    """

    cpu_share: float
    lag_seconds: float
    longest_lag_seconds: float

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class Watch:
    """Looks at the client while a level runs."""

    cost = ClientCost(0.0, 0.0, 0.0)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Fills `cost` when the block ends."""
        late: list[float] = []
        began, cpu = time.perf_counter(), time.process_time()
        pulse = asyncio.create_task(_beat(late))
        try:
            yield
        finally:
            pulse.cancel()
            seconds = max(time.perf_counter() - began, 1e-9)
            found = np.array(late or [0.0])
            self.cost = ClientCost(
                (time.process_time() - cpu) / seconds,
                float(np.quantile(found, 0.99, method="inverted_cdf")),
                float(found.max()),
            )


async def _beat(late: list[float]) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + BEAT
        await asyncio.sleep(BEAT)
        late.append(clock() - due)
