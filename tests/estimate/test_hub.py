"""What is on the Hub: its size by the listing, its shape by `config.json`, and nothing else fetched."""

from __future__ import annotations

import json
from pathlib import Path

from harness.estimate.files import checkpoint_bytes, gguf_bytes
from harness.estimate.forecast import Forecast
from harness.estimate.shape import read_shape
from harness.hub.retries import without_retries
from harness.models.shapes import SHAPES
from tests.estimate.suites import by_name, forecasted
from tests.hub.hub_client import hub, waits
from tests.hub.stand_in import Fault, HubStandIn

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
    with without_retries():
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


def test_a_gguf_of_unknown_type_is_a_gap_without_a_connection(
    hub: HubStandIn, tmp_path: Path
) -> None:
    hub.stop()
    model = of(tmp_path, "{gguf: bartowski/Llama-3.1-8B-Instruct-GGUF/a-IQ2_XS.gguf}").models[0]
    assert model.fits == "not known"
    assert "size of" in model.problem and "could not be asked" in model.problem


def test_an_impatient_plan_asks_a_busy_hub_once(
    hub: HubStandIn, tmp_path: Path, waits: list[float]
) -> None:
    hub.commit(LLAMA, FILES)
    hub.faults.append(Fault("api/models", times=99, status=503))
    with without_retries():
        model = of(tmp_path, f"{{source: {LLAMA}}}").models[0]
    assert waits == [] and model.parameters == SHAPE.parameters
    of(tmp_path, f"{{source: {LLAMA}}}")
    assert waits
