"""`python -m harness` is `harness`, which imports nothing that lies in the working folder."""

import os
import sys


def leave_out_the_working_folder() -> None:
    """Python puts it first; it stays where the package itself lies there."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        here = os.getcwd()
    except OSError:
        return
    if sys.path[:1] in ([here], [""]) and here != own:
        del sys.path[0]


if __name__ == "__main__":
    leave_out_the_working_folder()
    from harness.cli import main

    main()
