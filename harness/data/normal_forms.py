"""When two texts are the same to a model that has learned one of them."""

from __future__ import annotations

import unicodedata

from harness.words import folded


class _Kept(dict[int, int | None]):
    """A table for `str.translate`: it removes separators, control characters, punctuation and accents
    that stand by themselves (the backtick is one), and keeps letters, their marks, digits, symbols."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        kept = None if category[0] in "ZCP" or category == "Sk" else code
        self[code] = kept
        return kept


_KEPT = _Kept()


def normal_form(text: str) -> str:
    """The text without what near duplicates differ in: case, spaces, punctuation, width.

    Unicode's caseless compatibility form (NFKC, case folding), then no separators, control characters
    or punctuation. A text of nothing else keeps its punctuation. Two texts of one normal form must
    not stand on both sides of a split. It is its own normal form.
    """
    whole = folded(text)
    bare = whole.translate(_KEPT)
    while bare != (again := folded(bare).translate(_KEPT)):
        bare = again
    return bare or "".join(whole.split())
