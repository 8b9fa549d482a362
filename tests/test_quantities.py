"""Sizes and counts in words."""

from __future__ import annotations

import pytest

from harness.quantities import byte_size, plural


@pytest.mark.parametrize(
    ("count", "decimals", "text"),
    [
        (0, 2, "0 B"),
        (999, 2, "999 B"),
        (3_905_888, 2, "3.91 MB"),
        (11_804_224, 2, "11.8 MB"),
        (2e9, 2, "2.00 GB"),
        (2e12, 2, "2.00 TB"),
        (4.92e9, 1, "4.9 GB"),
        (33e6, 1, "33.0 MB"),
        (1.4e11, 1, "140 GB"),
        (5e16, 2, "50,000 TB"),
    ],
)
def test_bytes_are_written_in_powers_of_ten(count: float, decimals: int, text: str) -> None:
    assert byte_size(count, decimals) == text


def test_one_is_no_plural() -> None:
    assert [plural(n, "model") for n in (0, 1, 7, 1200)] == [
        "0 models", "1 model", "7 models", "1,200 models",
    ]  # fmt: skip
