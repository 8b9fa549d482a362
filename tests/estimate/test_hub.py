"""What is on the Hub: its size by the listing, its shape by `config.json`, and nothing else fetched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.estimate.disk import checkpoint_bytes, gguf_bytes
from harness.estimate.records import Forecast
from harness.estimate.shape import read_shape
from harness.estimate.well_known import quantization_named, shape_named
from harness.hub.patience import impatient
from harness.models.shapes import SHAPES
from tests.estimate.suites import by_name, forecasted
from tests.hub.hub_client import hub, waits
from tests.hub_stand_in import Fault, HubStandIn

__all__ = ["hub", "waits"]

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SHAPE = read_shape(SHAPES["llama-3.1-8b"])
QWEN = read_shape(SHAPES["qwen2.5-0.5b"])
WEIGHTS = b"\0" * 5000
FILES = {
    "config.json": json.dumps(SHAPES["qwen2.5-0.5b"]).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
}


def of(folder: Path, source: str) -> Forecast:
    return forecasted(folder, f"  base: {source}\n")


def test_a_shape_comes_from_the_repo_and_weights_stay_there(
    hub: HubStandIn, tmp_path: Path
) -> None:
    hub.commit("someone/renamed", FILES)
    found = of(tmp_path, "{source: someone/renamed}")
    model = found.models[0]
    assert model.parameters == QWEN.parameters
    assert found.totals.download_bytes == sum(len(data) for data in FILES.values())
    assert [seen for seen in hub.bodies() if "safetensors" in seen] == []
    assert model.note == model.problem == ""
    again = of(tmp_path, "{source: someone/renamed}")
    assert again.totals.download_bytes == len(WEIGHTS) + len(FILES["tokenizer.json"])


def test_a_gated_model_is_known_by_its_name(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(LLAMA, FILES, gated=True)
    model = of(tmp_path, f"{{source: {LLAMA}}}").models[0]
    assert model.parameters == SHAPE.parameters
    assert "by the repo's name" in model.note


def test_without_a_connection_a_known_model_has_its_usual_size(
    hub: HubStandIn, tmp_path: Path, waits: list[float]
) -> None:
    hub.stop()
    with impatient():
        model = of(tmp_path, f"{{source: {LLAMA}}}").models[0]
    assert waits == []
    assert model.download_bytes == checkpoint_bytes(SHAPE)
    assert "could not be asked" in model.note


def test_without_a_connection_an_unknown_model_is_a_gap(hub: HubStandIn, tmp_path: Path) -> None:
    hub.stop()
    found = forecasted(tmp_path, "  odd: {source: someone/odd}\n  base: {source: starter}\n")
    models = by_name(found)
    assert models["odd"].fits == "not known"
    assert "name a folder" in models["odd"].problem
    assert models["base"].fits == "yes"


def test_a_gguf_has_its_size_from_the_listing_and_its_shape_by_name(
    hub: HubStandIn, tmp_path: Path
) -> None:
    file = "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"
    hub.commit("quants/Meta-Llama-3.1-8B-Instruct-GGUF", {file: b"\0" * 7000})
    found = of(tmp_path, f"{{gguf: quants/Meta-Llama-3.1-8B-Instruct-GGUF/{file}}}")
    assert found.totals.download_bytes == 7000
    assert found.models[0].parameters == SHAPE.parameters


def test_a_gguf_without_a_connection_is_as_large_as_one_made_here(
    hub: HubStandIn, tmp_path: Path
) -> None:
    hub.stop()
    found = of(tmp_path, "{gguf: bartowski/Llama-3.1-8B-Instruct-GGUF/a-Q4_K_M.gguf}")
    assert found.totals.download_bytes == gguf_bytes(SHAPE, "Q4_K_M")


def test_an_impatient_plan_asks_a_busy_hub_once(
    hub: HubStandIn, tmp_path: Path, waits: list[float]
) -> None:
    hub.commit(LLAMA, FILES)
    hub.faults.append(Fault("api/models", times=99, status=503))
    with impatient():
        model = of(tmp_path, f"{{source: {LLAMA}}}").models[0]
    assert waits == [] and model.parameters == SHAPE.parameters
    of(tmp_path, f"{{source: {LLAMA}}}")
    assert waits


@pytest.mark.parametrize(
    ("repo", "shape"),
    [
        (LLAMA, "llama-3.1-8b"),
        ("unsloth/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("NousResearch/Llama-2-7b-chat-hf", "llama-2-7b"),
        ("NousResearch/Meta-Llama-3-8B", "llama-3-8b"),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "llama-3.1-8b"),
        ("TheBloke/Llama-2-13B-chat-GGUF", "llama-2-13b"),
        ("bartowski/meta-llama_Llama-3.2-3B-Instruct-GGUF", "llama-3.2-3b"),
        ("Qwen/Qwen2.5-3B-Instruct-GGUF", "qwen2.5-3b"),
        ("microsoft/Phi-3.5-mini-instruct", "phi-3.5-mini"),
        ("google/gemma-2-2b-it", "gemma-2-2b"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "smollm2-135m"),
        ("mistralai/Mistral-7B-Instruct-v0.1", None),
        ("Qwen/Qwen2.5-72B-Instruct", None),
        ("someone/Llama-3.1-8B-Instruct-pruned", None),
        ("unsloth/Llama-3.2-1B-Instruct-bnb-4bit", None),
    ],
)
def test_well_known_models_are_known_by_name_and_others_are_not(
    repo: str, shape: str | None
) -> None:
    assert shape_named(repo) == shape


def test_every_known_name_is_that_of_a_shape_and_every_shape_has_one() -> None:
    from harness.estimate import well_known

    assert set(well_known._NAMES.values()) == set(SHAPES)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("org/repo/model-Q4_K_M.gguf", "Q4_K_M"),
        ("org/repo/llama-2-7b.Q5_0.gguf", "Q5_0"),
        ("org/repo/a-IQ4_XS-00001-of-00002.gguf", "IQ4_XS"),
        ("org/repo/model-f16.gguf", "F16"),
        ("org/repo/model.gguf", ""),
    ],
)
def test_the_type_of_a_gguf_is_read_from_its_name(file: str, kind: str) -> None:
    assert quantization_named(file) == kind
