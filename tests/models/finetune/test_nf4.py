"""NF4 against a second implementation, from the paper alone (QLoRA, arXiv 2305.14314, section 3 and appendix E)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from bitsandbytes import functional
from scipy.stats import norm

from harness.models.finetune.base_model import through_nf4

Array = npt.NDArray[np.float64]
BLOCK, SCALES = 64, 256


def normal_float() -> Array:
    """The 16 values: quantiles of a normal distribution, 8 below zero, zero, 7 above, scaled to 1.

    The outermost quantile lies half of a step of 1/32 and 1/30 inside of the tails on the two sides.
    """
    offset = 0.5 * ((1 - 1 / 32) + (1 - 1 / 30))
    above = norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    below = -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    values = np.sort(np.concatenate([above, below, [0.0]]))
    scaled: Array = values / np.abs(values).max()
    return scaled


def dequantized(weight: Array) -> tuple[Array, Array]:
    """Each block of 64 in units of its largest value, rounded to the nearest of the 16; and these units."""
    blocks = weight.reshape(-1, BLOCK)
    units = np.abs(blocks).max(1, keepdims=True)
    values = normal_float()
    nearest = np.abs((blocks / units)[..., None] - values).argmin(-1)
    return (values[nearest] * units).reshape(weight.shape), units


@pytest.fixture
def weight() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    scales = torch.logspace(-2, 0, 128)[:, None]
    return torch.randn(128, 512, generator=generator) * scales


def test_the_values_are_quantiles_of_a_normal_distribution() -> None:
    ours = normal_float()
    theirs = functional.get_4bit_type("nf4", device="cpu").double().numpy()
    assert ours == pytest.approx(theirs, abs=2e-7)
    assert ours[0] == -1.0 and ours[-1] == 1.0 and 0.0 in ours


def test_without_double_quantization_they_agree(weight: torch.Tensor) -> None:
    packed, state = functional.quantize_4bit(weight, blocksize=BLOCK, quant_type="nf4")
    theirs = functional.dequantize_4bit(packed, state).double().numpy()
    ours, units = dequantized(weight.double().numpy())
    apart = np.abs(theirs - ours).reshape(-1, BLOCK) / units
    # A value halfway between two of the 16 may be rounded either way in float32.
    assert (apart > 1e-5).mean() < 1e-4


def test_double_quantization_rounds_the_units_and_nothing_else(weight: torch.Tensor) -> None:
    """Units less their mean, in 8 bits by blocks of 256, of which the largest error is known."""
    theirs = through_nf4(weight).double().numpy().reshape(-1, BLOCK)
    ours, units = dequantized(weight.double().numpy())
    ours = ours.reshape(-1, BLOCK)
    there = np.abs(ours) > 0
    scale = np.array([np.median(t[k] / o[k]) for t, o, k in zip(theirs, ours, there, strict=True)])
    assert np.abs(theirs - ours * scale[:, None]).max() < 1e-5 * units.max()
    off = (scale * units[:, 0] - units[:, 0]).reshape(-1, SCALES)
    largest = np.abs(units[:, 0] - units.mean()).reshape(-1, SCALES).max(1, keepdims=True)
    # The widest gap of the dynamic 8-bit type (Dettmers et al. 2021, arXiv 2110.02861) is 1/70 of the range; half of it is lost at most.
    assert (np.abs(off) <= largest / 140).all() and np.abs(off).max() > 0
