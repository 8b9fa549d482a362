"""`python -m harness` is `harness`, which imports nothing that lies in the working folder."""

import os
import sys

if __name__ == "__main__":
    if sys.path[:1] == [os.getcwd()] and os.getcwd() != os.path.dirname(os.path.dirname(__file__)):
        del sys.path[0]
    from harness.cli import main

    main()
