"""Sentences of a text, where its punctuation tells them."""

from __future__ import annotations

import re

from harness.words import is_alone

_ENDS = re.compile(
    r"(?<=[.!?\u2026\u061f\u06d4\u0589])([\"'\u201d\u2019)\]\u00bb]*)\s+"
    r"|(?<=[\u3002\uff01\uff1f\uff61\u0964\u0965\u104b\u17d4\u1362\u1367])"
    r"([\"'\u201d\u2019)\]\u00bb\u300d\u300f\uff09\u300b]*)\s*(?=\S)"
    r"|(?<=[!?])()(?=\w)"
)
"""Behind a mark and the quotes and brackets that it closes: a space, unless the mark is of a script that needs
none (Chinese, Japanese, Burmese, Khmer, Ethiopic, the danda); or at once a character of such a script."""
_NEXT = re.compile(r"[\"'\u201c\u2018(\[\u00ab\u00bf\u00a1]*([^\W_])")
_MORE = re.compile(r"[\u3002\uff01\uff1f\uff61\u0964\u0965\u104b\u17d4\u1362\u1367\u2026]")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'\u201c\u2018])(?:[A-Z]|[^\x00-\x7f\W\d_]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|No|Inc|Ltd|"
    r"Co|Corp|vs|etc|approx|e\.g|i\.e|a\.m|p\.m|[A-Z](?:\.[A-Z])+)\.$"
)


def split_sentences(text: str) -> list[str]:
    """Sentences: every line ends one, and so does `.`, `!`, `?` or `…` before what is no small
    letter, but not after an initial or a common English abbreviation; and a full stop of a script
    that puts no space behind it."""
    return [sentence for line in text.splitlines() for sentence in _of_line(line)]


def _of_line(line: str) -> list[str]:
    sentences = []
    start = 0
    for match in _ENDS.finditer(line):
        if not _parts(match, line, start):
            continue
        end = match.start() + len(match.group(match.lastindex or 0))
        sentences.append(line[start:end].strip())
        start = match.end()
    sentences.append(line[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _parts(match: re.Match[str], line: str, start: int) -> bool:
    """Whether a sentence ends there."""
    if match.lastindex == 2:
        return _MORE.match(line, match.end()) is None
    following = _NEXT.match(line, match.end())
    if following is None:
        return False
    if match.lastindex == 3:
        return is_alone(following[1])
    return not following[1].islower() and not _ABBREVIATION.search(line[start : match.start()])
