"""Several requests side by side: each answer is given on as it comes, and a failure after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from harness.engines.answerer import Asked
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.transport import Transport

T = TypeVar("T")


def side_by_side(
    transport: Transport, prompts: Sequence[Asked], answer: Callable[[Asked], T]
) -> Iterator[tuple[int, T]]:
    """Answers as they come; what was answered before a failure comes before it is raised.

    Args:
        transport: says how many at a time.
        prompts: in whose order they are begun.
        answer: to one of them; called by several threads.

    Raises:
        EndpointError: the first failure.
    """
    concurrency = transport.spec.concurrency
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="ask")
    failure: Exception | None = None
    places = iter(range(len(prompts)))
    running: dict[Future[T], int] = {}
    try:
        while True:
            while failure is None and len(running) < concurrency:
                place = next(places, None)
                if place is None:
                    break
                running[pool.submit(answer, prompts[place])] = place
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                place = running.pop(future)
                error = future.exception()
                if error is None:
                    yield place, future.result()
                elif isinstance(error, FailedRequest):
                    failure = failure or transport.told(error, prompts[place].id)
                elif isinstance(error, Exception):
                    failure = failure or error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if failure is not None:
        raise failure
