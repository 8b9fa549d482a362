"""A server's process, seen from the worker that had it started; it never outlives that worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from harness.concealed import keep

WARDEN = Path(__file__).with_name("warden.py")
GRACE_SECONDS = 3.0
"""What a server may take to end once it is asked to."""
LOG_SECONDS = 2.0
"""For the last lines of a server that has ended to come into its log."""
SHOWN_LINES, SHOWN_CHARACTERS = 12, 1500
"""Of the end of a log, in a message."""


class ServerProcess:
    """One start of a server."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: str = ""
    ) -> None:
        """Starts it in a folder ("": this process's); what it prints is added to `log`, without secrets."""
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        self.log, self._from = log, log.stat().st_size
        self.pid = 0
        """0 until it runs, and where it could not be run at all."""
        self.ending = ""
        """How it ended, in words; "" while it runs."""
        self._ended, self._begun = threading.Event(), threading.Event()
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", str(WARDEN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
            cwd=folder or None,
        )
        assert self._warden.stdin is not None and self._warden.stdout is not None
        self._keeping = threading.Thread(target=keep, args=(self._warden.stderr, log), daemon=True)
        self._keeping.start()
        given = {"command": list(command), "grace": GRACE_SECONDS}
        with contextlib.suppress(BrokenPipeError):
            self._warden.stdin.write(f"{json.dumps(given)}\n".encode())
            self._warden.stdin.flush()
        threading.Thread(target=self._listen, args=(self._warden.stdout,), daemon=True).start()
        self._begun.wait()

    def _listen(self, stream: IO[bytes]) -> None:
        for line in stream:
            word, _, rest = line.decode(errors="replace").strip().partition(" ")
            match word:
                case "started":
                    self.pid = int(rest)
                case "ended":
                    self._keeping.join(LOG_SECONDS)
                    self.ending = _ending(int(rest))
                case "failed":
                    self.ending = f"it could not be run: {rest}"
            self._begun.set()
        self.ending = self.ending or "it was ended"
        self._begun.set()
        self._ended.set()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return not self.ending

    def wait(self, seconds: float) -> bool:
        """Waits, at most so long; gives whether it has ended."""
        return self._ended.wait(seconds) or bool(self.ending)

    def tail(self) -> str:
        """The last lines that it printed; "" where it printed nothing."""
        with self.log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._from, size - 4 * SHOWN_CHARACTERS))
            text = stream.read().decode("utf-8", errors="replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return "\n".join(lines[-SHOWN_LINES:])[-SHOWN_CHARACTERS:]

    def processes(self) -> list[psutil.Process]:
        """The server, and all that it started."""
        try:
            return psutil.Process(self._warden.pid).children(recursive=True)
        except psutil.Error:
            return []

    def listens_at(self, port: int) -> bool | None:
        """Whether it is this server that listens at a port; None where that cannot be seen."""
        try:
            found = [
                connection.laddr.port
                for process in self.processes()
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            ]
        except psutil.Error:
            return None
        return port in found

    def stop(self) -> None:
        """Ends the server and all that it started, and waits for that."""
        warden = self._warden
        if warden.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                warden.stdin.close()
        warden.wait()
        self._ended.wait()
        self._keeping.join(LOG_SECONDS)
        if warden.returncode != 0 and self.pid:
            # Its keeper was killed, and the server with it, but not what the server had started.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if warden.stdout is not None:
            warden.stdout.close()


def _ending(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    name = signal.Signals(-code).name
    why = ", most likely because memory ran out" if name == "SIGKILL" else ""
    return f"it was ended by signal {-code} ({name}){why}"
