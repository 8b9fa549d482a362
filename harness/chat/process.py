"""The process of one model, seen from the page: asked, stopped, ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.chat.models import ChatModel
from harness.chat.records import (
    Conversation,
    Done,
    Event,
    Failed,
    Loaded,
    Settings,
    Text,
    read_event,
)
from harness.chat.worker import FATAL, question_line, stop_line
from harness.errors import HarnessError
from harness.runner.child import Child

STOP = "stop "
"""What a line begins with that is not the process's, but says that the answer of this number is not wanted."""


class UnloadedError(HarnessError):
    """The model was unloaded while it answered."""

    kind = "unloaded"


class ModelProcess:
    """Answers one question at a time; the model is loaded for the first."""

    def __init__(self, model: ChatModel, log: Path) -> None:
        """Starts it; the model has to be there."""
        opening = model.opening
        assert opening is not None, "a model that is not there is not asked"
        self.model, self._served = model, opening.endpoint is not None
        self.is_loaded = self._closed = False
        self.answering: int | None = None
        """The number of the question that it answers, by whoever asks."""
        self.used = 0
        """When it was asked last, by whoever counts."""
        self._child = Child("harness.chat.worker", log)
        self._child.send(opening.to_json())

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it can be asked."""
        return not self._closed and self._child.is_running

    def ask(self, asked: int, conversation: Conversation, settings: Settings) -> Iterator[Event]:
        """What it says to a question, up to `Done` or `Failed`.

        Args:
            asked: the question's number, another for each.

        Raises:
            CrashError, OutOfMemoryError: the process died.
            UnloadedError: it was ended from here.
        """
        self._child.send(question_line(asked, conversation, settings))
        text = ""
        while (line := self._child.lines.get()) is not None:
            if line.startswith(STOP):
                if line == f"{STOP}{asked}" and self._is_ended_by_stop:
                    self.close()
                    yield Done(text, "stopped", settings.seed or 0)
                    return
                continue
            number, event = read_event(line)
            if number != asked:
                continue
            self.is_loaded = self.is_loaded or isinstance(event, Loaded)
            if isinstance(event, Text) and not event.reasoning:
                text += event.text
            if isinstance(event, Failed) and (not self.is_loaded or event.kind in FATAL):
                self.close()
            yield event
            if isinstance(event, Done | Failed):
                return
        if self._closed:
            raise UnloadedError(f"{self.model.name} was unloaded while it answered", "Ask again.")
        death = self._child.death()
        self.close()
        raise death

    def stop(self, asked: int) -> None:
        """Ends the answer to a question after the token that is being written.

        Where nothing would be lost with the process (the model is still loading, or a server runs it), the
        process is ended.
        """
        self._child.send(stop_line(asked))
        self._child.lines.put(f"{STOP}{asked}")

    @property
    def _is_ended_by_stop(self) -> bool:
        return self._served or not self.is_loaded

    def close(self) -> None:
        """Ends it, and frees the model's memory."""
        self._closed = True
        self._child.kill()
