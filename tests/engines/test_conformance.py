from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec
from tests.conftest import Models
from tests.engines.conformance import Case, Conformance
from tests.engines.plain import plain_hf

KINDS = ["hf", "hf-tied", "hf-mistral", "hf-lora", "llamacpp", "llamacpp-tied"]


def parts(models: Models, kind: str) -> tuple[EngineSpec, Path, Path | None]:
    """What the engine runs, and the folder and adapter of the same model for Transformers."""
    engine, _, name = kind.partition("-")
    adapter = models.lora if name == "lora" else None
    folder = {"tied": models.tied, "mistral": models.mistral}.get(name, models.llama)
    if engine == "llamacpp":
        gguf = models.tied_gguf if name == "tied" else models.llama_gguf
        return EngineSpec(gguf=str(gguf), threads=1), folder, None
    spec = EngineSpec(
        weights=str(folder),
        adapter=str(adapter) if adapter else None,
        dtype="float32",
        threads=1,
    )
    return spec, folder, adapter


def parameters(folder: Path) -> int:
    """How many weights the files of a folder hold; tied ones are saved once."""
    files = folder.glob("*.safetensors")
    return sum(tensor.numel() for file in files for tensor in load_file(file).values())


class TestConformance(Conformance):
    @pytest.fixture(scope="class", params=KINDS)
    def case(self, request: pytest.FixtureRequest, models: Models) -> Iterator[Case]:
        spec, folder, adapter = parts(models, request.param)
        files = [Path(spec.gguf)] if spec.gguf else [folder / "model.safetensors"]
        files += [adapter / "adapter_model.safetensors"] if adapter else []
        engine = open_engine(spec)
        yield Case(
            engine=engine,
            plain=plain_hf(folder, adapter),
            parameters=parameters(folder) + (parameters(adapter) if adapter else 0),
            disk_bytes=sum(file.stat().st_size for file in files),
        )
        engine.close()
