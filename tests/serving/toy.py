"""A server to be started as a program: `python -m tests.serving.toy MODEL PORT [WHAT IT DOES …]`.

It does what `tests.engines.endpoint.standin` does, and besides may `die-at-start`, `never-be-ready`,
`die-after=N` questions, start a `child` that leaves its group, or find its port taken (`taken=FILE`: once).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.engines.endpoint.standin import StandIn, _Handler, _Server


class Toy(_Server):
    def __init__(self, of: StandIn, port: int, key: str) -> None:
        ThreadingHTTPServer.__init__(self, ("127.0.0.1", port), Asked)
        self.of, self.ended, self.key = of, threading.Event(), key


class Asked(_Handler):
    server: Toy

    def do_GET(self) -> None:
        if self.path == "/health":
            self.send({"ok": True}, 503 if "never-be-ready" in self.server.of.does else 200)
        elif self._is_known():
            super().do_GET()

    def do_POST(self) -> None:
        of = self.server.of
        deadly = next((int(word[10:]) for word in of.does if word.startswith("die-after=")), None)
        if deadly is not None and of.texts_asked >= deadly:
            print("toy: I am about to die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if self._is_known():
            super().do_POST()

    def _is_known(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.key}":
            return True
        self.send({"error": "who are you?"}, 401)
        return False


def main(model: str, port: str, *does: str) -> int:
    print(f"toy: serving {model} at {port}", flush=True)
    if "die-at-start" in does:
        print("toy: no such model", os.environ["HARNESS_SERVER_KEY"], flush=True)
        return 3
    given: dict[str, Any] = dict(word.split("=", 1) for word in does if "=" in word)
    if "taken" in given and not Path(given["taken"]).exists():
        Path(given["taken"]).write_text(port)
        print("OSError: [Errno 98] Address already in use", flush=True)
        return 1
    if "child" in given:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        Path(given["child"]).write_text(str(child.pid))
    of = StandIn(frozenset(does), model="toy")
    Toy(of, int(port), os.environ["HARNESS_SERVER_KEY"]).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
