"""Stands between a worker and the server that it started, so that nothing outlives the worker.

A program of its own, run by its path (`python -I -S warden.py`), with nothing but the standard library:
it costs 10 MB. Its first line of input is a JSON object with `command` and `grace` (seconds); what the server prints
goes to its standard error, which the worker keeps as a log.
It starts the command in a session of its own and says `started PID`, and `ended CODE` when it has. When
its input closes, which it does however the worker ends, it ends the server and all that the server
started, whatever group or session those went to: on Linux it is their reaper, so that each comes to it
when its own parent is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LINUX = sys.platform.startswith("linux")
LIBC = ctypes.CDLL(None) if LINUX else None
PAUSE = 0.02
"""Seconds between looks while something ends."""


def main() -> int:
    """Starts the command, and stays until it or the worker has ended."""
    line = sys.stdin.buffer.readline()
    if not line:
        return 1
    given = json.loads(line)
    if LIBC is not None:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        server = start(given["command"])
    except OSError as error:
        tell(f"failed {error}")
        return 1
    tell(f"started {server}")
    ended = watch(server, woken)
    if ended is not None:
        tell(f"ended {ended}")
    end_all(server, float(given["grace"]))
    return 0


def start(command: list[str]) -> int:
    """The process id of the command, which leads a session of its own."""
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        preexec_fn=die_with_parent if LIBC is not None else None,
    )
    server.returncode = 0  # it is reaped here
    return server.pid


def die_with_parent() -> None:
    """Should this program be killed, the server is, too."""
    assert LIBC is not None
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def watch(server: int, woken: int) -> int | None:
    """Waits; gives the exit code of the server (negative: a signal), None where it is to be ended."""
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if 0 in readable and not os.read(0, 4096):
            return None
        if woken in readable:
            numbers = os.read(woken, 4096)
            if set(numbers) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                return None
            for pid, status in reaped():
                if pid == server:
                    return os.waitstatus_to_exitcode(status)


def reaped() -> list[tuple[int, int]]:
    """Process ids and statuses of what has ended."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            found.append((pid, status))
    return found


def end_all(server: int, grace: float) -> None:
    """Asks the server's group to end, and what comes to be left by others; kills what has not within
    `grace` seconds."""
    signalled(server, signal.SIGTERM)
    deadline, asked = time.monotonic() + grace, {server}
    while has_children() and time.monotonic() < deadline:
        left = set(children()) - asked
        kill_all(left, signal.SIGTERM)
        asked |= left
        time.sleep(PAUSE)
    signalled(server, signal.SIGKILL)
    while has_children():
        kill_all(children(), signal.SIGKILL)
        time.sleep(PAUSE)


def kill_all(pids: Iterable[int], number: int) -> None:
    """Sends a signal to children, which cannot have been reaped meanwhile."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def signalled(group: int, number: int) -> None:
    """Sends a signal to what is left of a group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def has_children() -> bool:
    """Whether anything that was started is still there; reaps what is not."""
    reaped()
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def children() -> list[int]:
    """Process ids of direct children, those that others have left included."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            rest = file.read_text().rpartition(")")[2].split()
            if int(rest[1]) == os.getpid():
                found.append(int(file.parent.name))
    return found


def tell(line: str) -> None:
    """To the worker, which may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
