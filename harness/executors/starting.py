"""Nodes of a Ray cluster that are started on this machine. A node whose helpers take more than 15 seconds, as they do
while the machine is busy, ends itself, and Ray gives it up; there is no setting for that, so that it is started again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil

from harness.errors import CrashError

Started = TypeVar("Started")
TRIES = 4
END_SECONDS = 10.0
"""How long what is left of a node may take to end."""


def started(start: Callable[[], Started]) -> Started:
    """What is started, perhaps at another try; what a failed try leaves running is ended.

    Args:
        start: starts nodes as children of this process.

    Raises:
        CrashError: it failed each time.
    """
    for left in reversed(range(TRIES)):
        before = set(_children())
        try:
            return start()
        except Exception as error:  # Ray has no class of its own for a node that does not come up
            _end(set(_children()) - before)
            if not left:
                said = (str(error).strip() or repr(error)).splitlines()[0]
                raise CrashError(
                    f"Ray did not start on this machine in {TRIES} tries: {said}",
                    "Its own account lies in /tmp/ray/session_latest/logs. The same command tries again; a machine "
                    "that is busy may need longer than Ray waits.",
                ) from None
    raise AssertionError("the last try returns or raises")


def _children() -> list[psutil.Process]:
    """Those that this process itself has started: other nodes' workers come and go meanwhile."""
    return psutil.Process().children()


def _end(started: Iterable[psutil.Process]) -> None:
    found = list(started)
    for one in list(found):
        with suppress(psutil.Error):
            found += one.children(recursive=True)
    for one in found:
        with suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(found, timeout=END_SECONDS)
