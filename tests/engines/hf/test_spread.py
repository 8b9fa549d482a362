"""Models over several devices: the same answers, and every product on one device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.hooks import AlignDevicesHook, add_hook_to_module
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from harness.engines.hf.engine import HfEngine
from harness.engines.hf.forward import Forward
from harness.engines.hf.load import load_config, load_model
from harness.engines.hf.packed import PackedModel, Segment, open_packed
from harness.engines.hf.slots import Slots
from harness.engines.protocol import ChoiceQuestion, EngineSpec, Limits
from harness.engines.spread import Spread
from harness.errors import InputError
from harness.starter import MODEL_FOLDER

QUESTIONS = [
    ChoiceQuestion((1, 40, 41, 42, 43), ((5,), (6, 7), (9,))),
    ChoiceQuestion((1, 40, 41, 50), ((5,), (6, 7))),
]
MOVES = ("_to_copy", "copy_", "empty_like", "zeros_like", "new_empty", "new_zeros")


def spec(dtype: Any = "float32", **spread: Any) -> EngineSpec:
    return EngineSpec(weights=str(MODEL_FOLDER), threads=1, dtype=dtype, spread=Spread(**spread))


def answers(engine: HfEngine) -> Any:
    written = engine.generate([question.prompt for question in QUESTIONS], Limits(6))
    blocks = [block.tolist() for block in engine.distributions(list(range(3, 20)), 8)]
    return dict(engine.choose(QUESTIONS)), {n: found.ids for n, found in written}, blocks


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("room", "places"), [(9_000_000, "cpu + disk"), (2_000_000, "cpu + disk")])
def test_a_model_that_accelerate_lays_out_gives_the_same_answers(
    dtype: str, room: int, places: str
) -> None:
    whole = HfEngine(spec(dtype))
    size = 1 if dtype == "float32" else 2
    split = HfEngine(spec(dtype, device_map="auto", max_memory={"cpu": room // size}))
    assert split.info.device == places
    assert split.info.batch == whole.info.batch
    assert split.info.parameters == whole.info.parameters
    (choices, texts, blocks), (wanted, same, others) = answers(split), answers(whole)
    assert texts == same
    # Weights that stay are multiplied by whatever is quickest on this machine, those that come and go are not.
    apart = {"float32": 1e-4, "bfloat16": 0.1}[dtype]
    assert choices == {n: pytest.approx(of, abs=apart) for n, of in wanted.items()}
    assert np.allclose(np.concatenate(blocks), np.concatenate(others), rtol=0, atol=apart)


def test_weights_that_lie_elsewhere_are_looked_at_too() -> None:
    engine = HfEngine(spec(device_map="auto", max_memory={"cpu": 2_000_000}))
    assert engine._faulty_weight() is None
    assert all(weight.device.type == "meta" for weight in engine._model.parameters())
    norm = engine._model.model.layers[2].input_layernorm
    stored = norm._hf_hook.weights_map
    bad = torch.full_like(stored["weight"], float("nan"))
    norm._hf_hook.weights_map = {"weight": bad}
    found = engine._faulty_weight()
    assert found is not None and found.name == "model.layers.2.input_layernorm.weight"


class OneDevice(TorchDispatchMode):  # type: ignore[misc]
    """Fails where an operation is given tensors of two devices, as a GPU would; copies may."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = [one for one in tree_leaves((args, kwargs or {})) if torch.is_tensor(one)]
        places = {str(one.device) for one in given if one.dim()}
        self.seen |= places
        name = func.name().removeprefix("aten::").split(".")[0]
        assert len(places) < 2 or name in MOVES, f"{name} is given tensors of {places}"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def halved() -> Iterator[PackedModel]:
    """The starter with its last layers and the head on a second device, which computes no values."""
    model = load_model(spec(), load_config(MODEL_FOLDER), torch.device("cpu"), torch.float32).model
    packed = open_packed(Forward(model))
    assert packed is not None
    layers = model.model.layers
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.clone(), requires_grad=False)
    for module in (*layers[len(layers) // 2 :], model.model.norm, model.lm_head):
        module.to_empty(device="meta")
        add_hook_to_module(module, AlignDevicesHook("meta"))
    yield packed


def test_every_product_of_a_spread_model_is_on_one_device(halved: PackedModel) -> None:
    prefix, store = None, Slots(2, 12)
    with OneDevice() as devices:
        prefix = halved.prefix([1, 5, 6])
        both = [Segment.chain([7, 8, 9], 3, 0), Segment.chain([10, 11], 3, 1)]
        logits = halved.run(both, [2, 4], prefix, store, wide=True)
        again = [Segment.chain([12], 6, 0), Segment.chain([13], 5, 1)]
        more = halved.run(again, [0, 1], prefix, store, from_store=True)
    assert devices.seen == {"cpu", "meta"}
    assert logits.shape == more.shape == (2, 4096)


def test_an_adapter_is_not_put_where_peft_cannot(tmp_path: Path) -> None:
    asked = replace(spec(device_map="auto", max_memory={"cpu": 2_000_000}), adapter=str(tmp_path))
    with pytest.raises(InputError, match="had room only in cpu and disk") as error:
        load_model(asked, load_config(MODEL_FOLDER), torch.device("cpu"), torch.float32)
    assert "merge: full" in error.value.hint


@pytest.mark.parametrize(
    "spread", [{"devices": 2}, {"device_map": "auto", "max_memory": {"0": 10**9, "1": 10**9}}]
)
def test_more_gpus_than_there_are_are_named_before_anything_is_loaded(spread: Any) -> None:
    if torch.cuda.is_available():
        pytest.skip("there are GPUs")
    with pytest.raises(InputError, match="over 2 GPUs, and this process sees none"):
        HfEngine(spec(**spread))
