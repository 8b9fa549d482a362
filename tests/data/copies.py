"""Where the real copies lie, which are never committed, and small copies of our own making."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("HARNESS_TEST_DATA") or REPOSITORY.parent / "shared" / "data")

needs_real = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real data sets are not at {REAL} (HARNESS_TEST_DATA names them)"
)

SENTENCES = (
    ("Änderungen at Nörd Oy cost EUR 1.5 mn .", "negative"),
    ("The board met on Monday .", "neutral"),
    ("Sales rose at Föhn's mill .", "positive"),
    ("Orders were as before .", "neutral"),
)
DIALOGUES = (
    ("7-1", "Ada: tea?\r\nBob: yes\nAda: now?", "Ada and Bob have tea."),
    ("7-2", "Cy: late\u2028again\r\nDi: no\x85worry", "Cy is late."),
    ("7-3", 'Eve: "quoted", and a comma\nFay: fine', "Eve quotes."),
)


def phrasebank_text(rows: tuple[tuple[str, str], ...] = SENTENCES, newline: str = "\n") -> str:
    return "".join(f"{sentence}@{label}{newline}" for sentence, label in rows)


def samsum_rows(rows: tuple[tuple[str, str, str], ...] = DIALOGUES) -> list[dict[str, str]]:
    return [dict(zip(("id", "dialogue", "summary"), row, strict=True)) for row in rows]


def json_lines(rows: list[dict[str, str]]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path
