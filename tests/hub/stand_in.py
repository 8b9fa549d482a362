"""A Hub on this machine: serves folders as repos over HTTP, and fails as the real one can.

Speaks what `huggingface_hub` and `harness.hub.client` ask: a repo's revision, its file tree in pages,
and files with HEAD and GET, ranges, ETags and redirects: small files by way of another path of the
same host, large ones (as Git LFS) by a signed address on another host, the "CDN", which refuses a
request that brings a token along.

    with HubStandIn() as hub:
        commit = hub.commit("org/model", folder)
        ...  # HF_ENDPOINT=hub.endpoint, read when huggingface_hub is imported
"""

from __future__ import annotations

import contextlib
import socket
import threading
from functools import partial
from types import TracebackType

from tests.hub.answering import Handler, Server
from tests.hub.stored import Fault, StoredHub

__all__ = ["Fault", "HubStandIn"]


class HubStandIn(StoredHub):
    """The server; a context manager."""

    def __init__(self) -> None:
        super().__init__()
        self._servers = [
            Server(("127.0.0.1", 0), partial(Handler, self, cdn)) for cdn in (False, True)
        ]
        self.endpoint = f"http://127.0.0.1:{self._servers[0].server_port}"
        self.cdn = f"http://localhost:{self._servers[1].server_port}"

    def __enter__(self) -> HubStandIn:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Is unreachable from now on."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
