"""A process that stays: it loads a model once and is then asked, one JSON line a request.

Every contestant runs in a process of its own and times itself inside, so that all have the same
conditions and none pays for starting, loading or another's memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.places import REPOSITORY

LAST_LINES = 5


class Server:
    """The parent's side of such a process. What it prints goes to a log."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]):
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env={**os.environ, **environment},
                cwd=REPOSITORY,
                text=True,
            )

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """Sends a request and waits for its answer.

        Raises:
            RuntimeError: it failed, or the process has ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(f"{json.dumps({'op': op, **request})}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"error": f"it ended; {self._said()}"}
        if "error" in answer:
            raise RuntimeError(f"{self._log.stem}, asked to {op}: {answer['error']}")
        return dict(answer)

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # it was killed
                    pipe.close()
        self._process.wait()

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-LAST_LINES:])
