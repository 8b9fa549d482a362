"""Letters that an output has not: the nearest ones, as wide, and never a traceback."""

from __future__ import annotations

import io
import sys

import pytest
from rich.cells import cell_len

from harness.cli.outputs import PLAIN, guard_outputs


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "! Resume of the cafe: ?? 3 x 4 ~ 83.3 ^ > results"),
        ("latin-1", "! Résumé of the café: ?? 3 × 4 ~ 83.3 ^ > results"),
        ("utf-8", "⚠ Résumé of the café: 東京 3 × 4 … 83.3 ↑ → results"),
    ],
)
def test_what_cannot_be_shown_is_shown_as_the_nearest_that_can(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = io.BytesIO()
    stream = io.TextIOWrapper(behind, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    guard_outputs()
    print("⚠ Résumé of the café: 東京 3 × 4 … 83.3 ↑ → results")
    sys.stdout.flush()
    assert behind.getvalue().decode(encoding) == shown + "\n"


def test_what_stands_for_a_sign_is_as_wide_and_has_letters_that_every_output_has() -> None:
    assert all(cell_len(chr(sign)) == 1 for sign in PLAIN)
    assert all(chr(plain).isascii() and chr(plain).isprintable() for plain in PLAIN.values())
