"""Commands as processes of their own at a fraction of their cost: copies of a process that has imported the package.

`python -m tests.hostile.forks` reads a request a line (words, folder, environment, files for its outputs), and answers each
with how its process ended. A copy runs `python -m harness` from its first line to the interpreter's end: its exit code, what
it writes to its outputs and what it leaves behind are a real command's; what it saves is the time to import.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import runpy
import sys
from typing import Any

from harness.parent import die_with_parent
from harness.records import Summary
from harness.suite.schema import SuiteSpec

MEMORY = 4 << 30
"""Of addresses, that a command may have."""
LOADED = (
    "harness.cli.app", "harness.cli.plan", "harness.cli.run", "harness.cli.unchanged", "harness.cli.report", "harness.cli.compare",
    "harness.cli.show", "harness.cli.gate", "harness.cli.export", "harness.cli.publish", "harness.cli.view",
    "harness.cli.leaderboard", "harness.cli.baseline", "harness.cli.assignment", "harness.cli.data", "harness.cli.models",
    "harness.cli.chat", "harness.cli.cache", "harness.reporting.write", "harness.results.answered",
)  # fmt: skip
"""What commands import late."""


def main() -> None:
    """Answers requests until its input ends."""
    for name in LOADED:
        importlib.import_module(name)
    for record in (SuiteSpec, Summary):
        record.model_rebuild()
    gc.freeze()  # the copies share what is loaded
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    print(json.dumps("ready"), file=answers, flush=True)
    for line in requests:
        request, here = json.loads(line), os.getpid()
        child = os.fork()
        if not child:
            requests.close()
            answers.close()
            die_with_parent(here)
            become(request)
            return
        _, status, used = os.wait4(child, 0)
        ended = {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": used.ru_utime + used.ru_stime,
        }
        print(json.dumps(ended), file=answers, flush=True)


def become(request: dict[str, Any]) -> None:
    """Makes this process the command that is asked for, and runs it to its end."""
    os.chdir(request["folder"])
    if request["gone"]:
        os.rmdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, file in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    seconds = request["seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.argv = ["harness", *request["words"]]
    runpy.run_module("harness", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
