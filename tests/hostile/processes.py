"""Commands as processes: how one ended, what it said, and how much of a processor it took."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.interpreter import ROOT, python_command, python_environment

LONGEST = 20
"""Seconds of a processor after which the kernel ends a command."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said.

    `code` is the process's exit code, or minus the signal that ended it; `seconds` are those of a processor that it
    took, without the time to import the package.
    """

    code: int
    out: str
    err: str
    seconds: float


class Processes:
    """Starts commands, each a process of its own, out of one that is kept at hand."""

    def __init__(self, **environment: str) -> None:
        """With what the interpreter looks at before it begins, such as PYTHONIOENCODING, beside what is there."""
        self._environment = {**os.environ, **environment}
        self._server: subprocess.Popen[str] | None = None

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        gone: bool = False,
    ) -> Said:
        """Runs a command to its end.

        Args:
            words: behind `harness`.
            folder: that it runs in.
            environment: beside this process's.
            gone: whether the folder, which is empty, is removed before the command begins.
        """
        with tempfile.TemporaryDirectory() as outputs:
            out, err = Path(outputs, "out"), Path(outputs, "err")
            request = {
                "words": list(words),
                "folder": str(folder),
                "gone": gone,
                "environment": {**self._environment, **environment},
                "out": str(out),
                "err": str(err),
                "seconds": LONGEST,
            }
            server = self._started()
            assert server.stdin is not None and server.stdout is not None
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            ended: dict[str, Any] = json.loads(server.stdout.readline())
            return Said(ended["code"], _text(out), _text(err), ended["seconds"])

    def _started(self) -> subprocess.Popen[str]:
        if self._server is None:
            self._server = subprocess.Popen(
                python_command("-m", "tests.hostile.forks"),
                cwd=ROOT,
                env={**python_environment(self._environment), "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._server.stdout is not None
            assert json.loads(self._server.stdout.readline()) == "ready"
        return self._server

    def end(self) -> None:
        """Ends the process that commands come out of."""
        if self._server is not None:
            self._server.communicate()
            self._server = None


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
