"""How often the Hub is asked again where it is busy; apart, so that who sets it need not load the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait between attempts."""
waits: ContextVar[tuple[float, ...]] = ContextVar("waits", default=WAITS)


@contextmanager
def without_retries() -> Iterator[None]:
    """Lets nothing be asked twice in this context: for a plan, which can do without an answer."""
    token = waits.set(())
    try:
        yield
    finally:
        waits.reset(token)
