"""The most memory of each phase."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.engines.phases import CLEAR, MemoryPhases

BYTES = 96 << 20


@pytest.mark.skipif(not CLEAR.exists(), reason="this kernel forgets no peak")
def test_a_phase_has_its_own_peak() -> None:
    phases = MemoryPhases()
    phases.begin("large")
    block = np.ones(BYTES, np.uint8)
    del block
    phases.begin("small")
    peaks = phases.end()
    assert list(peaks) == ["large", "small"]
    assert peaks["large"] > peaks["small"] + BYTES // 2
    assert phases.most >= peaks["large"]


def test_where_no_peak_is_forgotten_only_that_of_the_whole_is_known(tmp_path: Path) -> None:
    phases = MemoryPhases(tmp_path / "no" / "such")
    phases.begin("one")
    assert phases.end() == {} and phases.most > 0
