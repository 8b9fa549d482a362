"""Which servers of this machine a suite means, and what is installed of them; none is started."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import InputError, MissingToolError
from harness.plan.resolved import FoundServer
from harness.serving.installed import installed
from harness.suite.schema import Serve


def found_server(name: str, given: Serve, folder: Path, may_lack: bool) -> FoundServer:
    """A server of this machine.

    Args:
        name: of the model.
        given: by the suite.
        folder: of the suite; paths start there.
        may_lack: whether it need not be installed, as for a plan.

    Raises:
        InputError: it is not installed, with how to mend it.
    """
    python = _placed(given.python or "", folder)
    executable = _placed(given.executable or "", folder)
    try:
        found = installed(given.name, python, executable, given.command or "", folder)
    except MissingToolError as error:
        if may_lack:
            return FoundServer(python, executable, "", str(folder))
        raise InputError(f"`{name}` cannot be served: {error.message}", error.hint) from None
    return FoundServer(python, found.executable, found.version, str(folder))


def _placed(text: str, folder: Path) -> str:
    """A path from the suite's folder, without following links (an interpreter's say which environment
    it is of); a bare name is looked for on the PATH later."""
    if os.sep not in text:
        return text
    return os.path.normpath(folder / Path(text).expanduser())
