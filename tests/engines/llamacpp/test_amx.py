"""AMX kernels that a compiler broke are told by its stamp, and left out of what is built and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.llamacpp.amx import breaks_amx, broken_in


@pytest.mark.parametrize(
    ("version", "broken"),
    [
        ((10, 2), False),  # knows no AMX
        ((11, 4), True),
        ((11, 5), False),
        ((12, 2), True),  # Debian 12's
        ((12, 4), False),
        ((13, 2), True),
        ((13, 3), False),
        ((14, 1), False),
    ],
)
def test_versions_of_gcc_before_their_backport_break_amx(
    version: tuple[int, int], broken: bool
) -> None:
    assert breaks_amx(*version) is broken


def test_a_library_is_as_broken_as_its_worst_part(tmp_path: Path) -> None:
    good, mixed = tmp_path / "good.so", tmp_path / "mixed.so"
    good.write_bytes(b"\x7fELF...\0GCC: (GNU) 14.2.0\0")
    mixed.write_bytes(b"\x7fELF...\0GCC: (GNU) 14.2.0\0GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\0")
    assert not broken_in([good])
    assert broken_in([good, mixed])
