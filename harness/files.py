"""Writing files so that a reader, or the next run after a crash, never sees half of one; room for them.

What has been written here is on disk, and under its name, before the caller goes on: the file's contents
are synchronised first, then it is renamed, then the folder that holds the name is synchronised, too. Files that
belong together are synchronised at once, since a file system writes them as one. What is made anew where it is
lost is not waited for.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import InputError

NOT_SYNCHRONISED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF})
"""What file systems answer that cannot synchronise a folder."""
AT_ONCE = 16
"""So many files are synchronised at once."""
ASIDE = re.compile(r"\.[^/]+\.[a-z0-9_]{8}")
"""As a file is named that is to take another's place."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)."""


def defused(value: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before one that begins as such."""
    begins = value.lstrip(" ").startswith(FORMULA) or value.lstrip().startswith(FORMULA)
    return f"'{value}" if begins else value


def is_file_name(name: str) -> bool:
    """Whether a name that a file of a stranger's holds may become part of a path: it leads nowhere else."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,199}", name) is not None


def check_inside(path: Path, folder: Path) -> None:
    """Looks whether what is written to or read is where its name says, and not behind a link.

    Raises:
        InputError: a link leads out of the folder.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{path}: a link that leads out of {folder}",
            "Remove it; another place for what is written can be named on the command line.",
        )


def in_the_way(folder: Path) -> Path | None:
    """What stands where a folder, or one above it, has to be; None for nothing."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return None if there is None or there.is_dir() else there


def write_atomically(file: Path, text: str, *, lasting: bool = True) -> None:
    """Replaces a file by a new one with this text, or leaves it as it was.

    Args:
        file: its folder is made where it is not there.
        text: written as UTF-8.
        lasting: False where its reader makes it anew when it is gone, empty or half: it is not waited
            for, and a power cut in the next half minute may leave it so.
    """
    write_bytes_atomically(file, text.encode("utf-8"), lasting=lasting)


def write_bytes_atomically(file: Path, data: bytes, *, lasting: bool = True) -> None:
    """Replaces a file by a new one with these bytes, or leaves it as it was; `lasting` as above."""
    with replaced(file, lasting=lasting) as aside:
        aside.write_bytes(data)


@contextmanager
def replaced(file: Path, *, lasting: bool = True) -> Iterator[Path]:
    """A file beside this one to be written to, which takes its place once it is whole and on disk.

    A folder that stands in its place is moved aside, never deleted.
    """
    with named(file), _beside(file) as aside:
        yield aside
        if lasting:
            synchronise(aside)
        _take_place(aside, file)
        if lasting:
            synchronise(file.parent)


@contextmanager
def named(file: Path) -> Iterator[None]:
    """Has an error of the system name the file that it is about: one of writing names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(file)
        raise


def write_together(files: Mapping[Path, str]) -> None:
    """Replaces files by new ones with these texts, each whole or not at all, in the order in which they are given.

    None takes its place before all of them are on disk, so that whoever finds the last finds all.
    """
    beside: dict[Path, Path] = {}
    with ExitStack() as open_ones:
        for file, text in files.items():
            with named(file):
                beside[file] = open_ones.enter_context(_beside(file))
                beside[file].write_bytes(text.encode("utf-8"))
        synchronise(*beside.values())
        for file, aside in beside.items():
            _take_place(aside, file)
        synchronise(*dict.fromkeys(file.parent for file in files))


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A new file in the same folder, of a name that `sweep` knows, which is to take its place; else it goes again.

    It is locked meanwhile, so that `sweep_abandoned` tells it from one whose writer died.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with suppress(OSError):  # a file system without locks: nobody else gets one, either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # taken for abandoned before it was locked
    try:
        yield Path(name)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    finally:
        os.close(descriptor)


def _take_place(aside: Path, file: Path) -> None:
    aside.chmod(0o644)
    move_folder_aside(file)
    os.replace(aside, file)


def move_folder_aside(file: Path) -> None:
    """Makes room for a file where a folder stands in its place, which keeps what it holds."""
    if file.is_dir() and not file.is_symlink():
        os.replace(file, tempfile.mkdtemp(dir=file.parent, prefix=f"{file.name}.was-a-folder."))


def scratch_prefix(name: str) -> str:
    """What the names of scratch folders beside a file or folder of this name begin with."""
    return f".{name[:12]}."


def scratch_of(folder: Path) -> Iterator[Path]:
    """Scratch folders that stand beside one of this name."""
    return folder.parent.glob(f"{scratch_prefix(folder.name)}*")


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """A folder beside another, for `put_in_place` to put there once it is whole; where that is not done, it goes again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=scratch_prefix(folder.name)))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def put_in_place(scratch: Path, folder: Path) -> None:
    """Makes a folder of files that were written the folder of this name, in place of what is there.

    It appears whole, with all of its files on disk; what stood there goes last.
    """
    synchronise(scratch, *(path for path in scratch.rglob("*") if not path.is_symlink()))
    with scratch_beside(folder) as old:
        if folder.is_symlink() or folder.exists():
            os.replace(folder, old / "old")
        os.replace(scratch, folder)
        synchronise(folder.parent)


def empty(folder: Path) -> None:
    """Deletes what a folder holds."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def delete_whole(folder: Path) -> None:
    """Deletes a folder, of which nobody sees a part meanwhile."""
    with scratch_beside(folder) as aside:
        os.replace(folder, aside / "old")


def synchronise(*paths: Path) -> None:
    """Waits until the contents of files, and the names in folders (where a file system can do that), are on disk.

    All at once: a file system that is asked for many files writes its journal once for most of them.
    """
    if len(paths) < 2:
        for path in paths:
            _synchronise(path)
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(paths))) as pool:
        for _ in pool.map(_synchronise, paths):
            pass


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with named(path):
            os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_SYNCHRONISED or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Deletes what `replaced` left behind in a folder of files that was written by processes that died.

    For whoever alone writes there now.
    """
    for file in _set_aside(folder):
        with suppress(OSError):
            file.unlink()


def sweep_abandoned(folder: Path, but: Collection[str] = ()) -> None:
    """Deletes the same in a folder where others may be writing: those files that nobody holds.

    Args:
        folder: is looked through with all that it holds.
        but: names of folders in it that are not.
    """
    for file in _set_aside(folder, but):
        _delete_unheld(file)


def sweep_beside(files: Iterable[Path]) -> None:
    """Deletes what was to take the place of these files and nobody holds, and nothing else that stands beside them."""
    names: dict[Path, set[str]] = {}
    for file in files:
        names.setdefault(file.parent, set()).add(file.name)
    for folder, ours in names.items():
        for aside in folder.glob(".*"):
            if ASIDE.fullmatch(aside.name) and aside.name[1:].rsplit(".", 1)[0] in ours:
                _delete_unheld(aside)


def _delete_unheld(aside: Path) -> None:
    with suppress(OSError), aside.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        aside.unlink()


def _set_aside(top: Path, but: Collection[str] = ()) -> Iterator[Path]:
    for at, folders, names in os.walk(top):
        if at == str(top):
            folders[:] = [name for name in folders if name not in but]
        yield from (Path(at, name) for name in names if ASIDE.fullmatch(name))


def write_json(file: Path, value: Any, *, lasting: bool = True) -> None:
    """Atomically, indented, with a newline at the end; `lasting` as above. Raises ValueError on NaN, which is
    not JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(file, f"{text}\n", lasting=lasting)
