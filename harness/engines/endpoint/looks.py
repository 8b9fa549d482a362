"""What is looked at before a server is believed, and when: before anything is sent to it that counts.

Where all that a cell asks is remembered, so is what the server was found to do, and nothing is sent. The
first request that has to be sent wakes it: it is looked at anew, and has to do what is remembered of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from harness.engines.answerer import Asked
from harness.engines.endpoint.cutting import check_uncut, longest_of
from harness.engines.endpoint.identity import find_model
from harness.engines.endpoint.probe import Findings, probe
from harness.engines.endpoint.remembered import NotRememberedError
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spec import EndpointSpec
from harness.errors import EndpointError


class Looks:
    """Looks at one server."""

    def __init__(self, requests: Requests, spec: EndpointSpec) -> None:
        """Sends nothing yet."""
        self._requests, self._spec = requests, spec
        self._lock = threading.RLock()
        self._looking = False
        self._unchecked: Asked | None = None
        self._uncut: dict[str, int | None] = {}
        self._findings: Findings | None = None
        self.awake = False
        """Whether the server was looked at by this process."""
        self.models: tuple[str, ...] = ()
        """What it says that it serves; nothing while it sleeps."""
        requests.before_sending = self._before_sending

    @property
    def longest_tokens(self) -> int | None:
        """What the server counts of the longest prompt of the last task; None where that is not known."""
        return next(iter(self._uncut.values()), None)

    def begin(self) -> Findings:
        """What the server does: as it is remembered, else by a look.

        Raises:
            EndpointError, FailedRequest: it is not there, or does not serve the model.
        """
        try:
            with self._requests.memory.alone():
                self._findings = self._look()
        except NotRememberedError:
            self.wake()
        assert self._findings is not None
        return self._findings

    def wake(self) -> None:
        """Looks at a server that was not looked at yet.

        Raises:
            EndpointError: it is not there, does not serve the model, or does not do what is remembered.
            FailedRequest: it does not answer.
        """
        with self._lock:
            if self.awake:
                return
            self._looking = True
            try:
                self.models = find_model(self._requests.transport).models
                with self._requests.memory.anew():
                    found = self._look()
            finally:
                self._looking = False
            self.awake = True
            if self._findings not in (None, found):
                raise EndpointError(
                    f"The server {self._spec.host} does something else than when it gave the answers that "
                    f"are remembered of it: {_changes(self._findings, found)}",
                    "`harness run --fresh` asks all anew.",
                )
            self._findings = found

    def check_uncut(self, prompts: Sequence[Asked]) -> None:
        """Looks whether the longest prompt is read whole; later, where nothing has to be sent yet.

        Raises:
            PromptTooLongError: it is not.
            FailedRequest, EndpointError: the server fails.
        """
        if not prompts or self._findings is None or not self._findings.counts_prompts:
            return
        longest = longest_of(prompts)
        if longest.text in self._uncut:
            return
        self._uncut, self._unchecked = {}, longest
        if self.awake:
            self._before_sending()
            return
        try:
            with self._requests.memory.alone():
                self._check(longest)
        except NotRememberedError:
            return

    def _check(self, longest: Asked) -> None:
        self._uncut = {longest.text: check_uncut(self._requests, longest, self._spec)}
        self._unchecked = None

    def _before_sending(self) -> None:
        with self._lock:
            if self._looking:
                return
            self.wake()
            self._looking = True
            try:
                if self._unchecked is not None:
                    self._check(self._unchecked)
            finally:
                self._looking = False

    def _look(self) -> Findings:
        with self._requests.memory.telling_apart():
            return probe(self._requests, self._spec.api)


def _changes(before: Findings | None, now: Findings) -> str:
    old = before.data() if before is not None else {}
    return ", ".join(
        f"{name} was {old[name]!r} and is {value!r}"
        for name, value in now.data().items()
        if old.get(name) != value
    )
