"""No engine takes NaN or infinity for an answer, whatever is asked of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.engines import open_engine
from harness.engines.contexts import NoNumberError, Scores, Target
from harness.engines.finite import first_row_without_numbers
from harness.engines.hf import engine as hf_engine
from harness.engines.protocol import ChoiceQuestion, Engine, EngineSpec, Limits
from harness.engines.timing import SpeedShape
from harness.errors import BadModelError, NotFiniteError
from tests.conftest import Models
from tests.engines.models import write_quantized

PROMPTS = [(1, 20, 30), (1, 40)]
WEIGHT = "model.layers.1.mlp.down_proj.weight"
ASKED: dict[str, Callable[[Engine], Any]] = {
    "choices": lambda engine: list(
        engine.choose([ChoiceQuestion(ids, ((9,), (10, 11))) for ids in PROMPTS])
    ),
    "texts": lambda engine: list(engine.generate(PROMPTS, Limits(4))),
    "distributions": lambda engine: list(engine.distributions(PROMPTS[0])),
    "prefill": lambda engine: list(engine.stopwatch().time(SpeedShape("prefill", 8), 1)),
    "decode": lambda engine: list(engine.stopwatch().time(SpeedShape("decode", 4, 2), 1)),
}


def changed(folder: Path, to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of a model with other weights."""
    shutil.copytree(folder, to)
    weights = load_file(to / "model.safetensors")
    change(weights)
    save_file(weights, to / "model.safetensors", metadata={"format": "pt"})
    return to


def changed_gguf(models: Models, to: Path, folder: Path) -> Path:
    """The GGUF of the model in float32 with the weights of a changed copy of it."""
    raw = models.llama_gguf.read_bytes()
    before, after = (load_file(of / "model.safetensors") for of in (models.llama, folder))
    for name, weight in before.items():
        if not torch.equal(weight, after[name]):
            assert raw.count(weight.numpy().tobytes()) == 1
            raw = raw.replace(weight.numpy().tobytes(), after[name].numpy().tobytes())
    to.write_bytes(raw)
    return to


def broken(weights: dict[str, Any]) -> None:
    weights[WEIGHT][3, 5] = float("nan")


def too_large(weights: dict[str, Any]) -> None:
    """All are finite, and activations exceed 65504."""
    weights["model.layers.0.mlp.up_proj.weight"] *= 8e4


@pytest.fixture(scope="module")
def nan(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return changed(models.llama, tmp_path_factory.mktemp("nan") / "model", broken)


@pytest.fixture(scope="module")
def overflow(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return changed(models.llama, tmp_path_factory.mktemp("overflow") / "model", too_large)


@pytest.fixture(scope="module")
def overflow_gguf(models: Models, overflow: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    exact = changed_gguf(models, folder / "f32.gguf", overflow)
    return write_quantized(folder / "f16.gguf", exact, "F16")


def hf(folder: Path, dtype: Any = "float32", **options: Any) -> Engine:
    return open_engine(EngineSpec(weights=str(folder), dtype=dtype, threads=1, **options))


@pytest.fixture(params=["batched", "one by one"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "one by one":
        monkeypatch.setattr(hf_engine, "open_packed", lambda forward: None)
    yield


@pytest.mark.parametrize("what", ASKED)
def test_a_model_with_a_weight_that_is_none_answers_nothing_and_the_weight_is_named(
    nan: Path, what: str, run: None
) -> None:
    with pytest.raises(NotFiniteError, match=rf"gives NaN .* its weights hold NaN \({WEIGHT}\)"):
        ASKED[what](hf(nan))


@pytest.mark.parametrize("what", ASKED)
def test_what_overflows_in_float16_is_refused_with_what_reaches_further(
    overflow: Path, what: str, run: None
) -> None:
    with pytest.raises(NotFiniteError, match="overflows in float16") as raised:
        ASKED[what](hf(overflow, "float16"))
    assert "bfloat16" in raised.value.hint and "float32" in raised.value.hint
    ASKED[what](hf(overflow))


def test_the_prompt_is_told_by_its_number(nan: Path) -> None:
    with pytest.raises(NotFiniteError, match=r"for prompt [01]:") as raised:
        ASKED["texts"](hf(nan))
    assert raised.value.prompt in (0, 1)
    assert 'for prompt "first":' in raised.value.told('prompt "first"').message


@pytest.mark.parametrize("quantize", ["nf4", "int8"])
def test_packed_weights_that_are_none_are_refused_too(nan: Path, quantize: Any) -> None:
    with pytest.raises(NotFiniteError, match="instead of probabilities"):
        ASKED["choices"](hf(nan, quantize=quantize))


@pytest.mark.parametrize("what", ASKED)
def test_llama_cpp_overflows_by_name(overflow_gguf: Path, what: str) -> None:
    engine = open_engine(EngineSpec(gguf=str(overflow_gguf), threads=1))
    with pytest.raises(NotFiniteError, match="overflows in F16") as raised:
        ASKED[what](engine)
    assert "dtype: float32" in raised.value.hint
    engine.close()


def test_llama_cpp_loads_no_weight_that_is_none(models: Models, nan: Path, tmp_path: Path) -> None:
    gguf = changed_gguf(models, tmp_path / "nan.gguf", nan)
    with pytest.raises(BadModelError, match=r"hold NaN or infinity: .*blk\.1\.ffn_down\.weight"):
        open_engine(EngineSpec(gguf=str(gguf), threads=1))


def test_tokens_that_a_model_rules_out_are_no_fault_until_one_is_scored(models: Models) -> None:
    engine: Any = hf(models.llama)
    plain = ASKED["choices"](hf(models.llama)), ASKED["texts"](hf(models.llama))

    def rule_out(head: Any, inputs: Any, logits: torch.Tensor) -> torch.Tensor:
        return logits.index_fill(-1, torch.arange(500, 512), -torch.inf)

    engine._model.lm_head.register_forward_hook(rule_out)
    assert ASKED["choices"](engine)[0][1] == pytest.approx(plain[0][0][1], abs=0.1)
    assert [of.ids for _, of in ASKED["texts"](engine)] == [of.ids for _, of in plain[1]]
    (rows,) = ASKED["distributions"](engine)
    assert np.isneginf(rows[:, 500:]).all() and np.isfinite(rows[:, :500]).all()
    with pytest.raises(NotFiniteError, match="gives infinity"):
        list(engine.choose([ChoiceQuestion((1, 20), ((9,), (501,)))]))


def test_a_score_that_is_none_completes_no_question() -> None:
    scores = Scores([ChoiceQuestion((1,), ((2,), (3,)))])
    assert not list(scores.add([(Target(0, 0, 0, 2), -1.0)]))
    with pytest.raises(NoNumberError):
        list(scores.add([(Target(0, 1, 0, 3), float("nan"))]))


def test_a_row_of_log_probabilities_is_looked_at_as_a_whole() -> None:
    from harness.engines.llamacpp.context import log_softmax

    rows = np.zeros((4, 6), np.float32)
    rows[1, 5], rows[3, 2] = -np.inf, -np.inf
    assert first_row_without_numbers(log_softmax(rows)) is None
    for wrong in (np.nan, np.inf):
        faulty = rows.copy()
        faulty[2, 4] = wrong
        for found in (log_softmax(faulty), torch.tensor(faulty).log_softmax(-1).numpy()):
            assert first_row_without_numbers(found) == 2
