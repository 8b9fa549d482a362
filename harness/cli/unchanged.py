"""Answers a run that has nothing to do, before anything heavy is loaded.

A run that found everything there notes which files that followed from: all that it opened or asked
about, whether they were there or not, and the folders that it listed. While none of them differs in
size, time or inode, nor the program, its packages, its words and its environment, the same command has
the same answer. Nothing is noted where the answer depends on more than files: where the network was
asked, or a process was started.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

FOLDER = "runs"
_ENVIRONMENT = (
    "CUDA", "GGML", "HARNESS", "HF_", "HIP", "HOME", "HUGGINGFACE", "LLAMA", "OMP", "PYTHON",
    "TRANSFORMERS", "VIRTUAL_ENV", "XDG_",
)  # fmt: skip
"""What the names of variables begin with that a run may read."""
_ELSEWHERE = frozenset({"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec"})
_LISTED = frozenset({"os.listdir", "os.scandir"})
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NOT_FILES = ("/proc/", "/sys/", "/dev/", _PACKAGE)
_NO_MATTER = (".pyc", ".so", ".lock")
"""Endings of files that change no answer: compiled code, and locks, which every run writes its name into."""


class Watch:
    """Notes what is looked at between `begin` and `end`."""

    def __init__(self) -> None:
        self.only_files = True
        """Whether nothing but files was asked."""
        self._paths: set[str] = set()
        self._on = self._hooked = False
        self._since = 0
        self._stat = os.stat

    def begin(self) -> None:
        """Begins anew."""
        self.only_files, self._on, self._since = True, True, time.time_ns()
        self._paths.clear()
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._hear)
        os.stat = self._asked  # what contents were remembered by is asked, and not opened

    def end(self) -> None:
        """Hears no more."""
        self._on = False
        os.stat = self._stat

    def add(self, *paths: str | os.PathLike[str]) -> None:
        """Notes files that the answer follows from, too."""
        self._paths.update(os.path.abspath(path) for path in paths)

    def seen(self) -> list[str] | None:
        """A line for each file and folder; None where one of them was written meanwhile."""
        lines = [f"{_state(path)} {path}" for path in sorted(self._paths)]
        if any(len(line.splitlines()) > 1 or not _is_utf8(line) for line in lines):
            return None
        for path in self._paths:
            try:
                stat = os.stat(path)
            except OSError:
                continue
            if max(stat.st_mtime_ns, stat.st_ctime_ns) >= self._since:
                return None
        return lines

    def _hear(self, event: str, given: tuple[object, ...]) -> None:
        if not self._on:
            return
        if event in _ELSEWHERE:
            self.only_files = False
        elif (event == "open" or event in _LISTED) and given:
            self._note("." if given[0] is None else given[0])

    def _asked(self, path: Any, *more: Any, **how: Any) -> os.stat_result:
        self._note(path)
        return self._stat(path, *more, **how)

    def _note(self, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            place = os.path.abspath(os.fsdecode(path))
            if not place.startswith(_NOT_FILES) and not place.endswith(_NO_MATTER):
                self._paths.add(place)


def remember(words: Sequence[str], watch: Watch, line: str, code: int) -> None:
    """Notes that a command has nothing to do, what it says and its exit code; or nothing at all, as where the
    disk takes no note."""
    from pathlib import Path

    from harness.files import write_atomically

    seen = watch.seen() if watch.only_files else None
    if seen is not None:
        lines = [_circumstances(words), str(code), line, *seen]
        note = "\n".join([_hash(lines), *lines]) + "\n"
        with suppress(OSError):
            write_atomically(Path(_note_file(words)), note, lasting=False)


def make_room() -> None:
    """Makes the folder of notes, so that noting changes no folder that was looked at."""
    with suppress(OSError):
        os.makedirs(_folder(), exist_ok=True)


def answer(words: Sequence[str]) -> int | None:
    """Says what a run said that had nothing to do, and gives its exit code; None where that may be
    another now."""
    try:
        with open(_note_file(words), encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, ValueError):
        return None
    if len(lines) < 5 or lines[0] != _hash(lines[1:]) or lines[1] != _circumstances(words):
        return None
    for line in lines[4:]:
        state, _, path = line.partition(" ")
        if state != _state(path):
            return None
    print(lines[3])
    return int(lines[2])


def _hash(lines: Sequence[str]) -> str:
    """A note that was changed, or is damaged, is none."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _state(path: str) -> str:
    """Size, time and inode of a file; of a folder the time that something in it came or went."""
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_size}.{found.st_mtime_ns}.{found.st_ino}"


def _is_utf8(line: str) -> bool:
    try:
        return bool(line.encode())
    except UnicodeEncodeError:
        return False


def _folder() -> str:
    """As `harness.home` has it, which imports more."""
    home = os.environ.get("HARNESS_HOME") or os.path.expanduser("~/.cache/harness")
    return os.path.join(home, FOLDER)


def _note_file(words: Sequence[str]) -> str:
    name = hashlib.sha256("\0".join([os.getcwd(), *words]).encode("utf-8", "replace")).hexdigest()
    return os.path.join(_folder(), name[:32])


def _circumstances(words: Sequence[str]) -> str:
    """A hash of the command, the variables it may read, the program, and the packages installed."""
    parts = [sys.version, sys.executable, os.getcwd(), *words]
    parts += [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith(_ENVIRONMENT)]
    parts += [f"{path} {_state(path)}" for path in sys.path]
    for folder, folders, files in os.walk(_PACKAGE):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        parts += [f"{name} {_state(os.path.join(folder, name))}" for name in sorted(files)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
