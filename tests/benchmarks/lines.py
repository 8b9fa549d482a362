"""The child's side of `tests.benchmarks.servers`: requests and answers as JSON lines."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any


def serve(operations: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answers each line of standard input with a line; what libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request.pop("op")](**request)
        except Exception as error:  # the process's boundary: the other side reports it
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(f"{json.dumps(answer)}\n")
        out.flush()
