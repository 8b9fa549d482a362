"""Ollama's documented API in a stand-in, as a program: `ollama serve` with `OLLAMA_HOST` in its environment.

It keeps blobs by their hash, makes a model of one, cuts prompts beyond the model's `num_ctx` without a
word, and answers as `tests.engines.endpoint.standin` does. `$TOY_OLLAMA` may say `forgets-context`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.engines.endpoint.standin import StandIn, _Handler, _Server


class Ollama(_Server):
    def __init__(self, host: str, folder: Path) -> None:
        name, port = host.split(":")
        ThreadingHTTPServer.__init__(self, (name, int(port)), Asked)
        self.of, self.ended, self.folder = StandIn(model="none"), threading.Event(), folder
        self.made: dict[str, Any] = {}


class Asked(_Handler):
    server: Ollama

    def do_HEAD(self) -> None:
        self.send_response(200 if self._blob().exists() else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self.send({"version": "0.0.0"})
        else:
            super().do_GET()

    def do_POST(self) -> None:
        if self.path.startswith("/api/blobs/"):
            self._keep()
        elif self.path == "/api/create":
            self._make(self._body())
        elif self.path == "/api/show":
            parameters = self.server.made.get("parameters", {})
            if os.environ.get("TOY_OLLAMA") == "forgets-context":
                parameters = {}
            lines = [f"{name:30} {value}" for name, value in parameters.items()]
            self.send({"parameters": "\n".join(lines), "template": self.server.made["template"]})
        else:
            super().do_POST()

    def _blob(self) -> Path:
        return self.server.folder / self.path.rpartition("/")[2].replace(":", "-")

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _keep(self) -> None:
        raw = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            raw += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        if f"sha256:{hashlib.sha256(raw).hexdigest()}" != self.path.rpartition("/")[2]:
            self.send({"error": "digest mismatch"}, 400)
            return
        self._blob().parent.mkdir(parents=True, exist_ok=True)
        self._blob().write_bytes(raw)
        self.send({}, 201)

    def _make(self, body: dict[str, Any]) -> None:
        (digest,) = body["files"].values()
        if not (self.server.folder / digest.replace(":", "-")).exists():
            self.send({"error": "no such blob"}, 400)
            return
        self.server.made, self.server.of.model = body, f"{body['model']}:latest"
        if int(body["parameters"]["num_ctx"]) < 64:
            self.server.of.does = frozenset({"cuts"})
        self.send({"status": "success"})


if __name__ == "__main__":
    print("ollama: listening", flush=True)
    Ollama(os.environ["OLLAMA_HOST"], Path(os.environ["OLLAMA_MODELS"])).serve_forever()
    sys.exit(0)
