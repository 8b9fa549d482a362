"""Secrets that this process's environment holds, and passwords in addresses, taken out of what is told or kept.

What a library says when it fails, and what native code prints when it dies, is nobody's to foresee; so every error
and every line of a worker's log passes through here. Nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote

HIDDEN = "(key)"
LEAST = 8
"""Characters of a secret that is looked for: a shorter one ("none", "EMPTY") may be a word."""
LONGEST = 1 << 12
"""Characters of a line's end that wait for what follows, so that no secret is cut in two."""
_NAMES = re.compile(r"(?:^|_)(?:TOKEN|KEY|PASSWORD|PASSWD|SECRET)(?:_|$)", re.IGNORECASE)
_PLACES = re.compile(r"_(?:PATH|FILE|DIR)$", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s/@:]*):(?!…)([^\s/@]+)@")
_TOKEN = re.compile(r"(://)[^\s/@:]{16,}@")


def secrets() -> Iterator[str]:
    """Of the environment: what variables hold that are called tokens, keys, passwords or secrets, line by line,
    and passwords in addresses of any variable."""
    for name, value in os.environ.items():
        if _NAMES.search(name) and not _PLACES.search(name) and not _is_file(value):
            yield from (line.strip() for line in value.splitlines())
        if "://" in value:
            for password in (match[2] for match in _PASSWORD.finditer(value)):
                yield password
                yield unquote(password)


def concealed(text: str) -> str:
    """A text without the environment's secrets, and without passwords in any address."""
    for secret in sorted({one for one in secrets() if len(one) >= LEAST}, key=len, reverse=True):
        text = without(secret, text)
    return (
        _TOKEN.sub(rf"\1{HIDDEN}@", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))
        if "://" in text
        else text
    )


def without(secret: str, text: str) -> str:
    """A text without a secret, as it is or as JSON, Python, addresses and headers spell it."""
    if not secret:
        return text
    spellings = (
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        b64encode(secret.encode(errors="replace")).decode().rstrip("="),
    )
    for spelling in dict.fromkeys(spellings):
        text = text.replace(spelling, HIDDEN)
    return text


def keep(stream: IO[bytes], log: Path) -> None:
    """Adds what a process prints to a log as it comes, without secrets, until it has said all.

    Where the log cannot be written, what is said is lost, and the process goes on.
    """
    with stream, log.open("ab", buffering=0) as kept:
        rest = ""
        while part := os.read(stream.fileno(), 1 << 16):
            lines, end, rest = (rest + part.decode(errors="surrogateescape")).rpartition("\n")
            if end:
                _add(kept, concealed(lines + end))
            if len(rest) > 2 * LONGEST:
                rest = concealed(rest)
                _add(kept, rest[:-LONGEST])
                rest = rest[-LONGEST:]
        _add(kept, concealed(rest))


def _add(kept: IO[bytes], text: str) -> None:
    try:
        kept.write(text.encode(errors="surrogateescape"))
    except OSError:
        return


def _is_file(value: str) -> bool:
    try:
        return "/" in value and Path(value).exists()
    except (OSError, ValueError):
        return False
