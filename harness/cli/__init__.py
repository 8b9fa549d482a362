"""The command line: one module a command, no logic, heavy parts imported late."""

from __future__ import annotations

import os
import sys

from harness.cli.outputs import guard_outputs, guard_tracebacks


def main() -> None:
    """Runs a command; a user's mistake is answered with one message and an exit code."""
    guard_outputs()
    guard_tracebacks()
    try:
        os.getcwd()
    except OSError:
        sys.stderr.write("error: the working folder is gone\nhint: Go to one that is there.\n")
        sys.exit(2)
    from harness.cli.ending import INTERRUPTED, leave

    code = _end(sys.argv[1:])
    if code == INTERRUPTED:
        leave(code)
    sys.exit(code)


def _end(words: list[str]) -> int:
    """Runs a command, however it ends; gives the exit code."""
    from harness.cli.ending import GOES_ON, INTERRUPTED, UNHEARD, Stops, end, is_unheard

    stops = Stops()
    stops.last_word = GOES_ON if words[:1] == ["run"] else ""
    stops.listen()
    try:
        if words[:1] == ["run"]:
            from harness.cli.unchanged import answer

            code = answer(words)
            if code is not None:
                return end(code)
        _run()
    except KeyboardInterrupt:
        stops.say_last_word()
        return end(INTERRUPTED)
    except SystemExit as error:
        if error.code == INTERRUPTED and stops.have_come:  # as Typer has an interruption
            stops.say_last_word()
        return end(error.code if isinstance(error.code, int) else int(error.code is not None))
    except OSError:
        if not any(map(is_unheard, (1, 2))):
            raise
        return end(INTERRUPTED if stops.have_come else UNHEARD)
    return end(0)


def _run() -> None:
    from harness.cli.app import app
    from harness.cli.warned import say_warnings
    from harness.disk import disk_fault, path_fault
    from harness.errors import HarnessError, legible
    from harness.home import default_home

    say_warnings()
    try:
        default_home()
        app()
    except HarnessError as error:
        sys.stderr.write(f"error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        of_disk, of_path = disk_fault(error), path_fault(error)
        fault = of_disk or of_path
        if fault is None:
            raise
        sys.stderr.write(f"error: {legible(fault[0])}\nhint: {fault[1]}\n")
        sys.exit(1 if of_disk else 2)
