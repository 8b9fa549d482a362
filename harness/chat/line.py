"""Those who wait for one model: first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator


class Line:
    """Whoever stands first in it is answered."""

    def __init__(self) -> None:
        self._tickets: deque[object] = deque()
        self._changed = threading.Condition()

    def join(self, ticket: object) -> None:
        """Stands last."""
        with self._changed:
            self._tickets.append(ticket)

    def positions(self, ticket: object, given_up: threading.Event) -> Iterator[int]:
        """How many stand before a ticket, each time that changes, until nobody does.

        Args:
            ticket: that joined.
            given_up: it waits no more; see `look_up`.
        """
        told = 0
        while True:
            with self._changed:
                while (ahead := self._tickets.index(ticket)) and ahead == told:
                    if given_up.is_set():
                        return
                    self._changed.wait()
            if not ahead or given_up.is_set():
                return
            told = ahead
            yield ahead

    def look_up(self) -> None:
        """Has all who wait look whether they have given up."""
        with self._changed:
            self._changed.notify_all()

    def leave(self, ticket: object) -> None:
        """Was answered, or gave up."""
        with self._changed:
            self._tickets.remove(ticket)
            self._changed.notify_all()
