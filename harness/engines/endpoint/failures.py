"""What goes wrong between here and a server: what it is called, and whether to ask again."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx2

from harness.errors import EndpointError

Kind = Literal["lasting", "broken", "unreachable", "busy"]
"""`lasting`: asking again would change nothing. `broken`: no whole answer came. `unreachable`: nobody
listens. `busy`: the server asks to wait."""
BUSY = frozenset({429, 503})
BROKEN = frozenset({408, 409, 425, 500, 502, 504})
SHOWN = 300
"""Characters of what a server says that are shown."""


class FailedRequest(Exception):
    """One request came to nothing.

    Args:
        kind: whether to ask again.
        message: what went wrong, without its full stop.
        hint: what to do about it.
        after: seconds that the server asks to wait.
        slow: whether it took too long.
        status: of HTTP; 0 where there was none.
        name: in a word or two; by default made of the others.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        hint: str = "",
        after: float = 0.0,
        status: int = 0,
        slow: bool = False,
        name: str = "",
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint
        self.after, self.status, self.slow = after, status, slow
        self._name = name

    @property
    def name(self) -> str:
        """What went wrong, in a word or two, to be counted by."""
        if self._name:
            return self._name
        if self.status:
            return f"HTTP {self.status}"
        names = {"unreachable": "unreachable", "broken": "broke off"}
        return "timeout" if self.slow else names.get(self.kind, "refused")

    def error(self, more: str = "") -> EndpointError:
        """The same for whoever reads the result."""
        return EndpointError(f"{self.message}{more}", self.hint)


@dataclass(frozen=True)
class Here:
    """Whom the messages are about."""

    host: str
    model: str
    key: str

    def of_transport(self, error: httpx2.HTTPError) -> FailedRequest:
        """A connection that was not made, or broke."""
        tls = _tls(error)
        if isinstance(tls, ssl.SSLError) and not isinstance(tls, ssl.SSLCertVerificationError):
            return FailedRequest(
                "lasting",
                f"The server {self.host} speaks no TLS that is understood here: {error}",
                "Perhaps its `url` begins with http:// in truth.",
            )
        if tls is not None:
            return FailedRequest(
                "lasting",
                f"The certificate of {self.host} is not trusted: {error}",
                "If it is a server of your own, name the certificate of the authority that signed it with "
                "`authorities`; else ask the server's owner. It is never passed over.",
            )
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return FailedRequest(
                "unreachable",
                f"The server {self.host} cannot be reached: {str(error) or type(error).__name__}",
                "Start it, or mend `url`. `harness run` goes on with what is open.",
            )
        if isinstance(error, httpx2.TimeoutException):
            return self.too_slow()
        return FailedRequest(
            "broken",
            f"The server {self.host} broke off: {str(error) or type(error).__name__}",
            "Its log may say why. `harness run` goes on with what is open.",
        )

    def too_slow(self) -> FailedRequest:
        """An answer that did not come in time."""
        return FailedRequest(
            "broken",
            f"The server {self.host} did not answer in time",
            "Raise `timeout` of the endpoint, lower `concurrency`, or look into the server's log.",
            slow=True,
        )

    def of_status(self, status: int, headers: httpx2.Headers, text: str) -> FailedRequest:
        """An answer that is a refusal."""
        said = f": {words(text)}" if words(text) else ""
        message = f"The server {self.host} answers with HTTP {status}{said}"
        if status in BUSY:
            return FailedRequest(
                "busy",
                message,
                "It lets through no more for now. Lower `concurrency`, raise `patience`, or run again "
                "later: `harness run` goes on with what is open.",
                retry_after(headers.get("Retry-After", "")),
                status,
            )
        if status in BROKEN or status >= 500:
            return FailedRequest("broken", message, "Its log may say why.", 0.0, status)
        hints = {
            401: self._key_hint(),
            403: self._key_hint(),
            404: f"Mend `url` (it ends before /chat/completions) or `model`, which is `{self.model}`.",
        }
        hint = hints.get(status, "")
        if 300 <= status < 400:
            hint = f"Set `url` to where it sends on to: {headers.get('Location', '')}"
        return FailedRequest("lasting", message, hint, status=status)

    def _key_hint(self) -> str:
        if not self.key:
            return "Name the environment variable that holds your key with `key`."
        return f"Look at what the environment variable {self.key} holds."


def words(text: str) -> str:
    """What a server says of an error: the message in its JSON, or the beginning of its text."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = text
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    whole = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    line = " ".join(whole.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def retry_after(value: str) -> float:
    """Seconds that a server asks to wait, from a number or a date; 0 where it does not say."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _tls(error: BaseException | None) -> BaseException | None:
    """What went wrong between connecting and speaking; None where it is something else."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
