"""The process of one model: `python -m harness.chat.worker` opens it, and answers until nobody asks any more.

The first line of its standard input is an `Opening`, each further one a question or the end of one; it
writes events as lines of what was standard output. When its standard input closes, its parent is gone,
and so is it.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from harness.chat.opening import Opening
from harness.chat.records import Conversation, Event, Failed, Loaded, Settings, event_line
from harness.engines.permissions import Permissions, granted
from harness.errors import HarnessError
from harness.results.artifacts import check_artifact
from harness.runner.worker import own_output, unforeseen

if TYPE_CHECKING:
    from harness.chat.talker import Talker

FATAL = frozenset({"out-of-memory", "disk-full", "crash", "endpoint", "error"})
"""Kinds of failures after which a process is not asked again."""


def question_line(asked: int, conversation: Conversation, settings: Settings) -> str:
    """A question and its number, as a line for the process."""
    said = {"conversation": asdict(conversation), "settings": asdict(settings)}
    return json.dumps({"do": "ask", "asked": asked, **said})


def stop_line(asked: int) -> str:
    """That an answer is no longer wanted."""
    return json.dumps({"do": "stop", "asked": asked})


class Requests:
    """What the parent says, heard while a question is being answered, too."""

    def __init__(self, stream: TextIO) -> None:
        self.questions: queue.Queue[dict[str, Any]] = queue.Queue()
        self._stopped: set[int] = set()
        threading.Thread(target=self._hear, args=(stream,), daemon=True).start()

    def is_stopped(self, asked: int) -> bool:
        """Whether the answer to a question is no longer wanted."""
        return asked in self._stopped

    def _hear(self, stream: TextIO) -> None:
        for line in stream:
            said = json.loads(line)
            if said["do"] == "stop":
                self._stopped.add(said["asked"])
            else:
                self.questions.put(said)
        os._exit(1)


class Process:
    """Answers questions; the model is opened for the first."""

    def __init__(self, opening: Opening, requests: Requests, out: TextIO) -> None:
        self._opening, self._requests, self._out = opening, requests, out
        self._talker: Talker | None = None

    def answer(self, said: dict[str, Any]) -> bool:
        """Answers a question; False where the process is not to be asked again."""
        asked = int(said["asked"])
        try:
            self._answer(asked, said)
        except HarnessError as error:
            traceback.print_exc()
            self._tell(asked, Failed(error.kind, error.message, error.hint))
            return self._talker is not None and error.kind not in FATAL
        except Exception as error:  # the process's boundary, as in `harness.runner.worker`
            traceback.print_exc()
            self._tell(asked, Failed(**unforeseen(error)))
            return False
        return True

    def _answer(self, asked: int, said: dict[str, Any]) -> None:
        if self._talker is None:
            started = time.perf_counter()
            from harness.chat.talker import Talker

            for folder in self._opening.made:
                check_artifact(Path(folder))
            self._talker = Talker(self._opening)
            self._tell(asked, Loaded(time.perf_counter() - started))
        conversation = Conversation.read(said["conversation"])
        settings = Settings.read(said["settings"])
        for event in self._talker.answer(
            conversation, settings, lambda: self._requests.is_stopped(asked)
        ):
            self._tell(asked, event)

    def _tell(self, asked: int, event: Event) -> None:
        self._out.write(f"{event_line(asked, event)}\n")
        self._out.flush()


def main() -> int:
    """Does what it is told until its standard input closes."""
    out = own_output()
    line = sys.stdin.readline()
    if not line:
        return 1
    opening = Opening.from_json(line)
    requests = Requests(sys.stdin)
    allowed = {Path(path): Permissions(**given) for path, given in opening.permissions.items()}
    process = Process(opening, requests, out)
    with granted(allowed):
        while process.answer(requests.questions.get()):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
