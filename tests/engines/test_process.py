"""What the machine can do, read from what it says of itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.engines import process
from harness.engines.hf.load import choose_dtype
from harness.engines.protocol import EngineSpec


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    process.has_bfloat16.cache_clear()
    yield
    process.has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 vaes\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("model name\t: bf16 machine\nflags\t\t: fpu avx512f avx2\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_the_default_where_the_processor_has_it(
    text: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(process, "CPU_INFO", tmp_path / "cpuinfo")
    assert process.has_bfloat16() is expected
    chosen = choose_dtype(EngineSpec(weights="x"), torch.device("cpu"))
    assert chosen is (torch.bfloat16 if expected else torch.float32)


@pytest.mark.parametrize(
    ("held", "expected"),
    [("AVX2", False), ("avx512_core", False), ("AVX512_CORE_BF16", True), ("DEFAULT", True)],
)
def test_bfloat16_is_not_the_default_where_onednn_is_held_to_what_lacks_it(
    held: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text("flags\t\t: fpu avx512f avx512_bf16\n")
    monkeypatch.setattr(process, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", held)
    assert process.has_bfloat16() is expected


def test_what_the_suite_says_goes_before_the_default() -> None:
    spec = EngineSpec(weights="x", dtype="float16")
    assert choose_dtype(spec, torch.device("cpu")) is torch.float16


def test_a_machine_that_says_nothing_of_its_processor_computes_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "CPU_INFO", tmp_path / "missing")
    assert not process.has_bfloat16()


def test_a_process_has_not_the_peak_of_the_one_that_started_it() -> None:
    """Linux's getrusage says so: 300 MB of the parent are then the child's, whatever it does."""
    block = np.ones(300 << 20, np.uint8)
    del block
    assert process.peak_resident_bytes() > 300 << 20
    code = "from harness.engines.process import peak_resident_bytes; print(peak_resident_bytes())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert 5 << 20 < int(child.stdout) < 200 << 20
