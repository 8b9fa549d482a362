"""Bytes to text, for files whose encoding nobody wrote down."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadDataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Decoded:
    """A text, and the encoding it was in."""

    text: str
    encoding: str


def decode(data: bytes, place: Path | str) -> Decoded:
    """A text by its byte order mark, else as UTF-8, else as Latin-1.

    Latin-1 gives every byte some character, so it is tried last, and who calls says that it was.

    Raises:
        BadDataError: the bytes fit none of these.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_strict(data, encoding, place), encoding)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Decoded(data.decode("latin-1"), "latin-1")


def _strict(data: bytes, encoding: str, place: Path | str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadDataError(
            f"{place}:{line}: not {encoding} (byte {error.start}: {error.reason})",
            "Save the file as UTF-8.",
        ) from None


def lines(text: str) -> list[str]:
    """The lines of a text; only `\\n` and `\\r\\n` end one.

    `str.splitlines` also cuts at U+2028, U+0085 and others, which stand inside real texts.
    """
    rows = [line.removesuffix("\r") for line in text.split("\n")]
    return rows[:-1] if rows[-1] == "" else rows


def unix_newlines(text: str) -> str:
    """The text with `\\r\\n` and lone `\\r` as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def whole_characters(text: str) -> str:
    """The text with half surrogates, which JSON can hold and UTF-8 cannot, as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_text(text: str) -> str:
    """A text with whole characters, plain line ends, and no white space around it."""
    return unix_newlines(whole_characters(text)).strip()
