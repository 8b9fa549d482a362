"""The places of the author's own words, which outlive every regeneration of the report.

In the Markdown file a place stands between `<!-- yours: NAME -->` and `<!-- /yours -->`. What is between them is
read back before the file is written anew, and is never dropped: markers that are damaged are refused
by line, and words whose place has left the template go to an appendix.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InputError

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
HINT_SIGN = "> ✎"
"""What a line begins with that says what belongs into an empty place."""
CLOSING = "<!-- /yours -->"
_MARKER = re.compile(r"<!--[ \t]*(?:yours:[ \t]*(?P<name>[^\s>]*)|/yours)[ \t]*-->")
_LIKE_A_MARKER = re.compile(r"<!-*\s*/?\s*yours?\b|/\s*yours?\s*-*>", re.IGNORECASE)
_STAMP = re.compile(r"^<!-- harness: ([0-9a-f]{16})\b[^\n]*-->\n?", re.MULTILINE)
DAMAGED = (
    "Your words are safe: nothing was written. Mend the file: each place is `<!-- yours: NAME -->`, your "
    "words, `<!-- /yours -->`, and none is within another."
)


@dataclass(frozen=True)
class Written:
    """What an author wrote: the words by the name of their place, without blank lines around them."""

    words: Mapping[str, str] = field(default_factory=dict)
    edited: bool = False
    """Whether anything outside of the places was changed by hand, which a new file would not have."""


def read(file: Path) -> Written:
    """What stands in the places of a report that was written before; nothing where there is none.

    Raises:
        InputError: the file cannot be read, or a marker in it is damaged; names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Written()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: your words cannot be read back: {error}", DAMAGED) from None
    words = _places(text, file)
    stamp = _STAMP.search(text)
    return Written(words, stamp is None or stamp[1] != _digest(text))


def place(name: str, words: str) -> str:
    """A place as it stands in the file."""
    return "\n\n".join(filter(None, (f"<!-- yours: {name} -->", words, CLOSING)))


def stamped(text: str) -> str:
    """A report with a last line by which changes outside of its places are noticed."""
    said = "write between the yours comments; all else is made anew"
    return f"{text.rstrip()}\n\n<!-- harness: {_digest(text)}; {said} -->\n"


def _places(text: str, file: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    open_: re.Match[str] | None = None
    starts: set[int] = set()
    for marker in _MARKER.finditer(text):
        starts.update(range(marker.start(), marker.end()))
        name = marker["name"]
        if name is None:
            if open_ is None:
                raise _damaged(file, text, marker.start(), "a place ends here that never began")
            found[open_["name"]] = _trimmed(text[open_.end() : marker.start()])
            open_ = None
        elif open_ is not None:
            raise _damaged(file, text, marker.start(), f"`{open_['name']}` has not ended here")
        elif not NAME.fullmatch(name):
            raise _damaged(file, text, marker.start(), f"`{name}` is no name of a place")
        elif name in found:
            raise _damaged(file, text, marker.start(), f"`{name}` stands here for a second time")
        else:
            open_ = marker
    if open_ is not None:
        raise _damaged(file, text, open_.start(), f"`{open_['name']}` never ends")
    for like in _LIKE_A_MARKER.finditer(text):
        if like.start() not in starts:
            raise _damaged(file, text, like.start(), f"`{like[0]}` is no whole marker of a place")
    return found


def _damaged(file: Path, text: str, position: int, said: str) -> InputError:
    line = text.count("\n", 0, position) + 1
    return InputError(f"{file}:{line}: {said}", DAMAGED)


def _trimmed(words: str) -> str:
    return words.strip("\n").rstrip() if words.strip() else ""


def _digest(text: str) -> str:
    """A hash of what stands outside of the places; hints and white space count for nothing."""
    outside, end = [], 0
    markers = list(_MARKER.finditer(text))
    for opening, closing in zip(markers[::2], markers[1::2], strict=False):
        outside.append(text[end : opening.end()])
        end = closing.start()
    rest = _STAMP.sub("", "".join([*outside, text[end:]]))
    lines = (line for line in rest.splitlines() if not line.startswith(HINT_SIGN))
    return hashlib.sha256(" ".join(" ".join(lines).split()).encode()).hexdigest()[:16]
