"""Records on disk with a seal over what they hold, so that a record that was changed since is none.

The seal stands last, as the key `seal`, and is a hash of all bytes before it. It tells a damaged or edited
file from the one that was written; it does not keep out anybody who means to deceive, and may write.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.files import write_atomically

SEAL = "seal"
_TAIL = re.compile(rb',\n  "seal": "([0-9a-f]{32})"\n}\n\Z')
_LINE_TAIL = re.compile(rb',"seal":"([0-9a-f]{16})"}\Z')
_LINE_TAIL_BYTES = 27


class ChangedError(ValueError):
    """A file does not hold what was written into it; the text says what is wrong, behind the file's name."""


@dataclass(frozen=True)
class Opened:
    """A record as it was read."""

    data: dict[str, Any]
    sealed: bool
    """Whether it has a seal, which fits; earlier versions wrote none."""


def write_sealed(file: Path, data: Mapping[str, Any], *, lasting: bool = True) -> None:
    """Writes a record that is not empty with its seal, atomically; `lasting` as in `harness.files`.

    Raises:
        ValueError: on NaN.
    """
    write_atomically(file, sealed_text(data), lasting=lasting)


def sealed_text(data: Mapping[str, Any]) -> str:
    """A record that is not empty, with its seal, as its file holds it. Raises ValueError on NaN."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    return f'{text},\n  "{SEAL}": "{_hash(text.encode(), 32)}"\n}}\n'


def read_sealed(file: Path) -> Opened:
    """A record, without its seal.

    Raises:
        FileNotFoundError: there is none.
        ChangedError: it cannot be read, or is not what was written.
    """
    try:
        return opened(file.read_bytes())
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise ChangedError("is a folder") from None
    except OSError as error:
        raise ChangedError(f"cannot be read ({error.strerror})") from None


def opened(content: bytes) -> Opened:
    """A record from the bytes of its file, whatever its line ends, which version control may set.

    Raises:
        ChangedError: it is none, or not what was written.
    """
    content = content.replace(b"\r\n", b"\n")
    tail = _TAIL.search(content)
    if tail is not None and tail[1].decode() != _hash(content[: tail.start()], 32):
        raise ChangedError("is not what was written into it")
    try:
        data = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ChangedError("is not UTF-8") from None
    except (ValueError, RecursionError):
        raise ChangedError("is not JSON" if content else "is empty") from None
    if data == {}:
        raise ChangedError("is empty")
    if not isinstance(data, dict) or (data.pop(SEAL, None) is not None and tail is None):
        raise ChangedError("is not what was written into it")
    return Opened(data, tail is not None)


def is_as_sealed(content: bytes) -> bool:
    """Whether a record that has a seal is what was written, but for line ends, which version control may set."""
    content = content.replace(b"\r\n", b"\n")
    tail = _TAIL.search(content)
    return tail is not None and tail[1].decode() == _hash(content[: tail.start()], 32)


def sealed_line(text: str) -> str:
    """A line of JSON, an object that is not empty, with a seal as its last key."""
    text = text.removesuffix("}")
    return f'{text},"{SEAL}":"{_hash(text.encode(), 16)}"}}'


def lines_in(content: bytes) -> list[bytes]:
    """The lines of a file, without their ends and seals; one whose seal does not fit, or is missing, is left out.

    In a file of an earlier version no line has one, and all are taken as they stand.
    """
    lines = [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if line]
    begins = (max(0, len(line) - _LINE_TAIL_BYTES) for line in lines)
    tails = [_LINE_TAIL.search(line, begin) for line, begin in zip(lines, begins, strict=True)]
    if not any(tails):
        return lines
    return [
        line[: tail.start()] + b"}"
        for line, tail in zip(lines, tails, strict=True)
        if tail is not None and tail[1].decode() == _hash(line[: tail.start()], 16)
    ]


def _hash(data: bytes, digits: int) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]
