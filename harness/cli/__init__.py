"""The command line: one module a command, no logic, heavy parts imported late."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs a command; a user's mistake is answered with one message and an exit code."""
    words = sys.argv[1:]
    if words[:1] == ["run"]:
        from harness.cli.unchanged import answer

        code = answer(words)
        if code is not None:
            sys.exit(code)
    _run()


def _run() -> None:
    from harness.cli.app import app
    from harness.errors import HarnessError

    try:
        app()
    except HarnessError as error:
        sys.stderr.write(f"error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        sys.exit(error.exit_code)
