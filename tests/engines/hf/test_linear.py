"""Float32 products by another library are the same products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from harness.engines import process
from harness.engines.hf import linear as hf_linear


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    hf_linear.prefers_onednn.cache_clear()
    yield
    hf_linear.prefers_onednn.cache_clear()


@pytest.mark.parametrize("shape", [(1, 48), (7, 48), (2, 33, 48)])
@pytest.mark.parametrize("biased", [True, False])
def test_products_are_what_torch_computes_by_itself(
    shape: tuple[int, ...], biased: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hf_linear, "prefers_onednn", lambda: True)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(*shape, generator=generator)
    layer = torch.nn.Linear(48, 80, bias=biased)
    with torch.inference_mode():
        found = hf_linear.linear(rows, layer.weight, layer.bias)
        assert torch.allclose(found, layer(rows), atol=1e-5)


def test_only_plain_float32_layers_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_linear, "prefers_onednn", lambda: True)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.Linear(4, 4, dtype=torch.bfloat16), torch.nn.ReLU()
    )
    hf_linear.use_faster_linear(model)
    assert ["forward" in vars(layer) for layer in model] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 avx512f\n", True),
        ("vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2\n", False),
        ("vendor_id\t: GenuineIntel\nflags\t\t: fpu avx2 avx512f\n", False),
        ("Features\t: fp asimd\n", False),
    ],
)
def test_the_other_library_is_used_where_torch_leaves_half_of_a_processor_idle(
    text: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(process, "CPU_INFO", tmp_path / "cpuinfo")
    assert hf_linear.prefers_onednn() is expected
