"""The models that can be talked to: who is answered when, and which of them are in memory.

Each model has a process of its own, started for the first question. One is asked one question at a time,
others wait in its line; different models answer side by side. Where memory does not suffice for another
one, those are unloaded that were not asked for longest.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.chat.line import Line
from harness.chat.models import ChatModel
from harness.chat.process import ModelProcess
from harness.chat.records import Conversation, Done, Event, Failed, Loading, Settings, Waiting
from harness.errors import HarnessError, InputError, OutOfMemoryError
from harness.estimate.machine import Free, fits, this_machine
from harness.quantities import byte_size


class Answer:
    """A question that was asked; its events can be read once."""

    def __init__(self, room: ChatRoom, model: ChatModel, of: Conversation, by: Settings) -> None:
        self.model, self.conversation, self.settings = model, of, by
        self.number = room.next_number()
        self._room = room
        self.stopped = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        """What happens, up to `Done` or `Failed`; if it is dropped before, the answer is stopped."""
        return self._room.events(self)

    def stop(self) -> None:
        """Ends it; what was written so far is in its `Done`."""
        self.stopped.set()
        self._room.stop(self)


class ChatRoom:
    """Some models, and their processes. May be used by several threads."""

    def __init__(
        self,
        models: Sequence[ChatModel],
        home: Path,
        free: Callable[[], Free] | None = None,
        start: Callable[[ChatModel, Path], ModelProcess] = ModelProcess,
    ) -> None:
        """Starts nothing yet.

        Args:
            models: names are unique.
            home: `$HARNESS_HOME`, which keeps the processes' logs.
            free: what memory there is; by default this machine's.
            start: starts the process of a model that is there; is given its log.
        """
        self._start = start
        self.models = {model.name: model for model in models}
        self._home, self._free = home, free or (lambda: this_machine(home, probe=False).free)
        self._lines = {name: Line() for name in self.models}
        self._processes: dict[str, ModelProcess] = {}
        self._changed = threading.Condition()
        """Guards the processes; is told when one becomes idle, or an answer is stopped."""
        self._numbers = itertools.count(1)
        self._closed = False

    def ask(self, name: str, conversation: Conversation, settings: Settings) -> Answer:
        """Asks a model; reading the answer starts it.

        Raises:
            InputError: there is no such model, or it has to be made first.
        """
        model = self.models.get(name)
        if model is None:
            raise InputError(f"There is no model `{name}`", f"There are: {', '.join(self.models)}.")
        if model.opening is None:
            raise InputError(f"`{name}` has not been made yet", f"{model.missing} makes it.")
        return Answer(self, model, conversation, settings)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models that are in memory, or being loaded."""
        with self._changed:
            return tuple(n for n, process in self._processes.items() if process.is_running)

    def pid(self, name: str) -> int | None:
        """Of a model's process; None where there is none."""
        with self._changed:
            process = self._processes.get(name)
            return process.pid if process is not None and process.is_running else None

    def unload(self, name: str) -> bool:
        """Frees a model's memory; False where it is answering, or is not loaded."""
        with self._changed:
            process = self._processes.get(name)
            if process is None or process.answering is not None:
                return False
            self._end(process)
            return True

    def close(self) -> None:
        """Ends all processes; nothing can be asked afterwards."""
        with self._changed:
            self._closed = True
            for process in list(self._processes.values()):
                self._end(process)
            self._changed.notify_all()

    def next_number(self) -> int:
        """For a question."""
        return next(self._numbers)

    def stop(self, answer: Answer) -> None:
        """See `Answer.stop`."""
        with self._changed:
            process = self._processes.get(answer.model.name)
            self._changed.notify_all()
        if process is not None and process.answering == answer.number:
            process.stop(answer.number)
        self._lines[answer.model.name].look_up()

    def events(self, answer: Answer) -> Iterator[Event]:
        """See `Answer`."""
        line = self._lines[answer.model.name]
        line.join(answer)
        try:
            for ahead in line.positions(answer, answer.stopped):
                yield Waiting(ahead)
            if answer.stopped.is_set():
                yield _stopped(answer)
            else:
                yield from self._answered(answer)
        except HarnessError as error:
            yield Failed(error.kind, error.message, error.hint)
        finally:
            line.leave(answer)

    def _answered(self, answer: Answer) -> Iterator[Event]:
        process = yield from self._taken(answer)
        if process is None:
            yield _stopped(answer)
            return
        finished = False
        try:
            for event in process.ask(answer.number, answer.conversation, answer.settings):
                finished = isinstance(event, Done | Failed)
                yield event
        finally:
            if not finished and process.is_running:
                process.stop(answer.number)
            with self._changed:
                process.answering = None
                self._changed.notify_all()

    def _taken(self, answer: Answer) -> Generator[Event, None, ModelProcess | None]:
        """The model's process, for one question; None where the answer was stopped meanwhile."""
        name = answer.model.name
        with self._changed:
            self._clear_away_dead()
            process = self._processes.get(name)
            unloaded = None
            if process is None or not process.is_running:
                unloaded = self._make_room(answer)
                if answer.stopped.is_set() or self._closed:
                    return None
                process = self._started(answer.model)
            process.answering, process.used = answer.number, self.next_number()
        if unloaded is not None:
            yield Loading(tuple(unloaded))
        return process

    def _started(self, model: ChatModel) -> ModelProcess:
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", model.name)
        log = self._home / "logs" / "chat" / f"{safe}.log"
        process = self._processes[model.name] = self._start(model, log)
        return process

    def _make_room(self, answer: Answer) -> list[str]:
        """Unloads models until there is memory for another; waits for those that are answering.

        Raises:
            OutOfMemoryError: it would not fit on its own either.
        """
        needs, unloaded = answer.model.needs, list[str]()
        while needs is not None and not answer.stopped.is_set() and not self._closed:
            room = fits((free := self._unpromised()).shortage(needs))
            running = [p for p in self._processes.values() if p.is_running]
            idle = sorted(
                (p for p in running if p.answering is None), key=lambda process: process.used
            )
            if room == "yes" or (not running and room == "tight"):
                break
            if idle:
                unloaded.append(idle[0].model.name)
                self._end(idle[0])
            elif running:
                self._changed.wait()
            else:
                raise OutOfMemoryError(
                    f"`{answer.model.name}` needs {byte_size(needs.resident.total)} of memory, and "
                    f"{byte_size(free.resident_bytes)} are free"
                    + _on_device(needs.device.total, free.device_bytes),
                    "Take a smaller model or quantization, or close other programs.",
                )
        return unloaded

    def _unpromised(self) -> Free:
        """What is free, without what models will take that are being loaded."""
        free = self._free()
        loading = [
            process.model.needs
            for process in self._processes.values()
            if process.is_running and not process.is_loaded and process.model.needs is not None
        ]
        return replace(
            free,
            resident_bytes=free.resident_bytes - sum(of.resident.total for of in loading),
            device_bytes=free.device_bytes - sum(of.device.total for of in loading),
        )

    def _clear_away_dead(self) -> None:
        """Lets go of processes that died while nobody asked them anything."""
        for process in list(self._processes.values()):
            if process.answering is None and not process.is_running:
                self._end(process)

    def _end(self, process: ModelProcess) -> None:
        process.close()
        self._processes.pop(process.model.name, None)


def _stopped(answer: Answer) -> Done:
    return Done("", "stopped", answer.settings.seed or 0)


def _on_device(needed: int, free: int) -> str:
    return f"; {byte_size(needed)} on the GPU, and {byte_size(free)} are free" if needed else ""
