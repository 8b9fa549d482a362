"""The reckoning of docs/scaling.md is what its script prints, and its arithmetic is right by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reckoning import reckoned, table

REFERENCE = Path(__file__).parents[2] / "docs" / "scaling.md"


def test_the_page_holds_what_is_reckoned() -> None:
    assert table() in REFERENCE.read_text()


def test_hours_and_bytes_by_hand() -> None:
    found = reckoned()
    # 5e8 prompts of 300 tokens, two operations for each of 8.03e9 weights, at 3.956e14 a second.
    assert found["GPU hours: reading prompts"] == pytest.approx(
        5e8 * 300 * 2 * 8.03e9 / 3.956e14 / 3600
    )
    # 2e8 answers of 64 tokens, 256 at a time, each step reads 16.06 GB at 1.005e12 bytes a second.
    assert found["GPU hours: writing answers"] == pytest.approx(
        2e8 * 64 / 256 * 16.06e9 / 1.005e12 / 3600
    )
    assert found["stored: samples"] == pytest.approx(3e8 * 326 + 2e8 * 447)
    assert found["stored: weights and adapters"] == pytest.approx(50 * 16.06e9 + 950 * 168e6)
    parts = ("reading prompts", "writing answers", "loading")
    whole = sum(found[f"GPU hours: {part}"] for part in parts)
    assert found["GPU hours: all"] == pytest.approx(whole)
    assert found["dollars"] == pytest.approx(whole / 0.9 * 3)
    assert found["hours on all GPUs, 90% busy"] == pytest.approx(whole / 90)
