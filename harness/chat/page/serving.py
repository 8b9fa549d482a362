"""Serves pages: on loopback unless a host is named, and then to those who know a token."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import fastapi
import gradio
import uvicorn

from harness.chat.page.guard import Guard
from harness.errors import InputError

PORT = 7860
"""Where it is free, and no other one is asked for."""


@dataclass(frozen=True)
class Place:
    """Where pages are served.

    Attributes:
        listening: the socket.
        host: as it was asked for.
        token: that has to be known; "" where no host was named.
    """

    listening: socket.socket
    host: str
    token: str

    @property
    def port(self) -> int:
        """That was found."""
        return int(self.listening.getsockname()[1])

    @property
    def url(self) -> str:
        """To be opened in a browser, the token at its end."""
        shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(
            self.host, self.host
        )
        name = f"[{shown}]" if ":" in shown else shown
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def place_at(host: str | None, port: int | None) -> Place:
    """Takes a port.

    Args:
        host: an address of this machine; None for loopback.
        port: None for the usual one, or any that is free.

    Raises:
        InputError: the address is not this machine's, or the port is taken.
    """
    name = host or "127.0.0.1"
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    for wanted in (port,) if port is not None else (PORT, 0):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((name, wanted))
            listening.listen()  # from here on a browser is answered, if only after a moment
        except OSError as error:
            listening.close()
            if wanted == PORT and port is None:
                continue
            raise InputError(
                f"Nothing can be served at {name}:{wanted}: {error.strerror or error}",
                "Name another --port, or leave it out to take a free one; --host takes an address of "
                "this machine.",
            ) from None
        token = "" if host is None else secrets.token_urlsafe(24)
        return Place(listening, name, token)
    raise AssertionError("any port is a port")


def serve(
    blocks: Any,
    look: dict[str, Any],
    place: Place,
    ready: Callable[[], None],
    documents: Mapping[str, Callable[[], str]] | None = None,
) -> None:
    """Serves until it is interrupted.

    Args:
        blocks: the pages (`gradio.Blocks`).
        look: theme and styles, as `gradio.mount_gradio_app` takes them.
        place: where.
        ready: called once it can be opened.
        documents: whole pages of HTML beside them, by path.
    """
    site = fastapi.FastAPI(openapi_url=None)
    for path, made in (documents or {}).items():
        site.add_api_route(path, made, response_class=fastapi.responses.HTMLResponse)
    app = gradio.mount_gradio_app(
        site,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        **look,
    )
    settings = uvicorn.Config(
        Guard(app, place.token), log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    ready()
    uvicorn.Server(settings).run(sockets=[place.listening])
