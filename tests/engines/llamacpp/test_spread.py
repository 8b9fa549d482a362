"""What llama.cpp is told of GPUs: its own parameters, as its library reads them."""

from __future__ import annotations

import llama_cpp.llama_cpp as lib
import pytest

from harness.engines.llamacpp import spread as module
from harness.engines.llamacpp.spread import check_gpus, count_gpus, lay_out
from harness.engines.spread import SPLIT_MODES, Spread
from harness.errors import InputError


def test_shares_reach_the_parameters_of_the_library() -> None:
    params = lib.llama_model_default_params()
    shares = lay_out(params, Spread(split_mode="row", tensor_split=(3, 1), main_gpu=1))
    assert params.split_mode == lib.LLAMA_SPLIT_MODE_ROW and params.main_gpu == 1
    assert params.tensor_split[:3] == [3.0, 1.0, 0.0] and len(shares) == lib.LLAMA_MAX_DEVICES
    equal = lib.llama_model_default_params()
    kept = lay_out(equal, Spread(devices=2))
    assert equal.tensor_split[:3] == [1.0, 1.0, 0.0] and kept is not None


def test_nothing_is_changed_where_nothing_is_said() -> None:
    params, plain = lib.llama_model_default_params(), lib.llama_model_default_params()
    assert lay_out(params, Spread()) is None
    assert (params.split_mode, params.main_gpu) == (plain.split_mode, plain.main_gpu)
    assert not params.tensor_split


def test_modes_are_those_of_the_library() -> None:
    found = {name: getattr(lib, f"LLAMA_SPLIT_MODE_{name.upper()}") for name in SPLIT_MODES}
    assert found == SPLIT_MODES


def test_more_gpus_than_llama_cpp_sees_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "count_gpus", lambda: 1)
    check_gpus(Spread())
    check_gpus(Spread(devices=1))
    for wanted in (Spread(devices=2), Spread(tensor_split=(1, 1)), Spread(main_gpu=1)):
        with pytest.raises(InputError, match=r"over 2 GPUs, and llama\.cpp sees 1 here"):
            check_gpus(wanted)


def test_gpus_are_counted_by_the_library_itself() -> None:
    assert count_gpus() >= 0
    assert bool(count_gpus()) <= bool(lib.llama_supports_gpu_offload())
