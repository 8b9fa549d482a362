"""What the client that puts servers under load costs beside the barest loops over the same requests.

Processor seconds of this process; the server runs in another. The references read each answer and look at
nothing in it: httpx's loop uses the same library, aiohttp's the one that vLLM's and AIPerf's clients use.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import httpx2
import pytest

from harness.engines.endpoint.spec import EndpointSpec
from harness.suite.schema import LoadTask
from harness.tasks.load.measure import Open, measure
from harness.tasks.load.ready import Ready

USERS, REQUESTS, TOKENS = 8, 200, 32
ROUNDS = 3
MOST = 1.6
"""Times what a bare loop over the same library costs: parsing, watching and recording are in it."""
BODY = {"model": "toy", "prompt": "a " * 48, "max_tokens": TOKENS, "stream": True}
One = Callable[[], Awaitable[None]]


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.stream_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


async def by_users(one: One) -> None:
    numbers = itertools.count()

    async def user() -> None:
        while next(numbers) < REQUESTS:
            await one()

    await asyncio.gather(*(user() for _ in range(USERS)))


def over_httpx(url: str) -> None:
    async def run() -> None:
        limits = httpx2.Limits(max_connections=USERS, max_keepalive_connections=USERS)
        async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:
            raw = json.dumps(BODY).encode()

            async def one() -> None:
                async with client.stream("POST", f"{url}/completions", content=raw) as response:
                    async for _ in response.aiter_raw():
                        pass

            await by_users(one)

    asyncio.run(run())


def over_aiohttp(url: str) -> None:
    aiohttp = pytest.importorskip("aiohttp")

    async def run() -> None:
        async with aiohttp.ClientSession() as client:

            async def one() -> None:
                async with client.post(f"{url}/completions", json=BODY) as response:
                    async for _ in response.content.iter_any():
                        pass

            await by_users(one)

    asyncio.run(run())


def ours(url: str) -> None:
    task = LoadTask.model_validate(
        {"type": "load", "concurrency": [USERS], "requests": REQUESTS, "new_tokens": TOKENS}
    )
    ready = Ready(task, EndpointSpec(url=url, model="toy", api="completions"), 0)
    found = list(measure(task, ready, Open("key", (0,))))
    ready.close()
    assert len(found) == REQUESTS + 1 and not found[0].data["error"]


def cost(of: Callable[[str], None], url: str) -> float:
    began = time.process_time()
    of(url)
    return time.process_time() - began


def test_the_client_costs_little_more_than_a_bare_loop(benchmark: Any) -> None:
    with served() as url:
        for of in (ours, over_httpx, over_aiohttp):
            cost(of, url)
        laps = [
            (cost(ours, url), cost(over_httpx, url), cost(over_aiohttp, url)) for _ in range(ROUNDS)
        ]
        benchmark.pedantic(cost, (ours, url), rounds=1)
    own, plain, other = (median(column) for column in zip(*laps, strict=True))
    benchmark.extra_info["milliseconds a request"] = 1000 * own / REQUESTS
    benchmark.extra_info["microseconds a token"] = 1e6 * own / REQUESTS / TOKENS
    benchmark.extra_info["times a bare httpx loop"] = median(a / b for a, b, _ in laps)
    benchmark.extra_info["times a bare aiohttp loop"] = median(a / b for a, _, b in laps)
    print(
        f"{1000 * own / REQUESTS:.2f} ms a request, {own / plain:.2f} × httpx, {own / other:.2f} × aiohttp"
    )
    assert median(a / b for a, b, _ in laps) <= MOST
