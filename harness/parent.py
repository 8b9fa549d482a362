"""Processes of our own end with the one that started them, however that one ended.

Nothing but the standard library, since a converter that runs apart from the package loads this by its path.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int = 0) -> None:
    """Has the kernel kill this process when the thread that started it ends; on Linux alone.

    Args:
        parent: process id of who started it; where that is over already, this process ends here. 0: not known.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(1)
