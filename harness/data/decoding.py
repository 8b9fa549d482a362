"""Bytes to text, for files whose encoding nobody wrote down."""

from __future__ import annotations

import codecs
import re
import string
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadDataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_SAVE = "Save the file as UTF-8"
MOST_FOREIGN = 0.3
"""Share of letters beyond ASCII up to which a text can be in a Latin alphabet: Vietnamese has a quarter."""
_FOREIGN = bytes({*range(0x80, 0x100)} - {0x80, 0x85, *range(0x91, 0x98), *range(0xA0, 0xC0)})
"""Bytes of letters, and not of Windows' or Latin-1's marks."""
_LETTERS = tuple(string.ascii_letters.encode())
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class Decoded:
    """A text, and the encoding it was in."""

    text: str
    encoding: str


def decode(data: bytes, place: Path | str, encoding: str = "") -> Decoded:
    """A text by its byte order mark, else as UTF-8, else as Latin-1.

    Latin-1 gives every byte some character, so it is tried last, and who calls says that it was.

    Args:
        data: the bytes.
        place: what messages call them.
        encoding: what they are in, where someone said so.

    Raises:
        BadDataError: the bytes fit none of these.
    """
    if encoding:
        return Decoded(_strict(data, encoding, place), encoding)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_strict(data, encoding, place), encoding)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Decoded(data.decode("latin-1"), "latin-1")


def decode_table(data: bytes, place: Path | str, settable: bool = False) -> Decoded:
    """Does as `decode`, and refuses what is hardly Latin-1: one wrong guess is wrong in every row.

    Windows' quotes and dashes are control characters in Latin-1: a text that has them is windows-1252.
    With `settable`, a suite can say how it is encoded.

    Raises:
        BadDataError: it is UTF-16 without a mark, UTF-8 but for a few bytes, or of another alphabet.
    """
    decoded = decode(data, place)
    if "\0" in decoded.text:
        line = decoded.text.count("\n", 0, decoded.text.index("\0")) + 1
        raise BadDataError(
            f"{place}:{line}: it holds NUL characters, so it is UTF-16 without a mark, or no text",
            f"{_SAVE}{', or say `encoding: utf-16-le`' * settable}.",
        )
    if decoded.encoding != "latin-1":
        return decoded
    high, letters = _beyond_ascii(data), sum(map(data.count, _LETTERS))
    if sum(map(len, _UTF8.findall(data))) > high:
        _strict(data, "utf-8", place)
    if high > MOST_FOREIGN * (high + letters):
        raise BadDataError(
            f"{place}: not UTF-8, and {high / (high + letters):.0%} of its letters are beyond ASCII, too "
            "many for Latin-1",
            f"{_SAVE}{', or say how it is encoded, such as `encoding: windows-1251`' * settable}.",
        )
    windows = any(code in data for code in range(0x80, 0xA0))
    try:
        return Decoded(data.decode("windows-1252"), "windows-1252") if windows else decoded
    except UnicodeDecodeError:
        return decoded


def _beyond_ascii(data: bytes) -> int:
    return len(data) - len(data.translate(None, _FOREIGN))


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
