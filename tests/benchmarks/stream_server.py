"""The streaming stand-in in a process of its own: prints its address, and ends with its input.

python -m tests.benchmarks.stream_server
"""

from __future__ import annotations

import sys

from tests.tasks.load.server import Served, serving

if __name__ == "__main__":
    with serving(Served(slots=1_000, token_seconds=0.001)) as server:
        print(server.url, flush=True)
        sys.stdin.read()
