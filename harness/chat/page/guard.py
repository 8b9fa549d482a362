"""Stands before the page: who may see it, and what a browser may load for it.

On this machine alone a browser is the danger: any site that someone visits can send requests to
127.0.0.1. So the name that a request asks for has to be this machine's, and its origin the page itself.
Where others can reach the page, they have to know its token.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "harness-token"
CLOSED = ("/gradio_api/upload", "/gradio_api/proxy=", "/gradio_api/stream", "/monitoring")
"""Parts of Gradio that the pages do not use: files from and to this machine, and requests for others."""
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    ]
)
"""A browser loads nothing for the page from anywhere else, whatever stands in it."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True)
class Guard:
    """An ASGI application before another one.

    Attributes:
        app: that is guarded.
        token: that has to be known; "" on loopback, where none is.
    """

    app: Application
    token: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refused = self._refusal(scope, headers)
        if refused is not None:
            await _answer(scope, send, *refused)
        elif self.token and self._offered(scope):
            await self._remember(scope, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and words for a request that is not let through."""
        host = headers.get("host", "")
        if not self.token and urlsplit(f"//{host}").hostname not in LOOPBACK:
            return 403, "This page is for this machine alone: open it as 127.0.0.1 or localhost."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "Another site may not ask this page."
        if any(scope["path"].startswith(closed) for closed in CLOSED):
            return 404, "There is nothing here."
        if self.token and not self._offered(scope) and not self._is_known(headers):
            return 401, "Open the address that `harness` printed, with the token at its end."
        return None

    def _offered(self, scope: Scope) -> bool:
        """Whether a request's address holds the token."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return any(self._is_token(value) for value in query.get("token", ()))

    def _is_known(self, headers: dict[str, str]) -> bool:
        """Whether a browser offered it before."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "replace"), self.token.encode())

    async def _remember(self, scope: Scope, send: Send) -> None:
        """Has the browser keep the token, and takes it out of the address."""
        cookie = f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        place = (scope["path"] or "/").encode("latin-1", "replace")
        headers = [(b"location", b"/" + place.lstrip(b"/")), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": [*headers, *HEADERS]})
        await send({"type": "http.response.body", "body": b""})


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in HEADERS}
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in ours]
            message["headers"] = [*kept, *HEADERS]
        await send(message)

    return with_headers


async def _answer(scope: Scope, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{words}\n".encode()})
