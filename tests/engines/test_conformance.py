from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from harness.engines import EngineSpec, open_engine
from tests.engines.conformance import Case, Conformance, Floats
from tests.engines.conftest import Models

KINDS = ["hf", "hf-tied", "hf-mistral", "hf-lora", "llamacpp", "llamacpp-tied"]


def parts(models: Models, kind: str) -> tuple[EngineSpec, Path, Path | None]:
    """What the engine runs, and the folder and adapter of the same model for Transformers."""
    return {
        "hf": (EngineSpec(weights=str(models.llama), threads=1), models.llama, None),
        "hf-tied": (EngineSpec(weights=str(models.tied), threads=1), models.tied, None),
        "hf-mistral": (EngineSpec(weights=str(models.mistral), threads=1), models.mistral, None),
        "hf-lora": (
            EngineSpec(weights=str(models.llama), adapter=str(models.lora), threads=1),
            models.llama,
            models.lora,
        ),
        "llamacpp": (EngineSpec(gguf=str(models.llama_gguf), threads=1), models.llama, None),
        "llamacpp-tied": (EngineSpec(gguf=str(models.tied_gguf), threads=1), models.tied, None),
    }[kind]


class TestConformance(Conformance):
    @pytest.fixture(scope="class", params=KINDS)
    def case(self, request: pytest.FixtureRequest, models: Models) -> Iterator[Case]:
        spec, folder, adapter = parts(models, request.param)
        plain: Any = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
        if adapter is not None:
            plain = PeftModel.from_pretrained(plain, str(adapter))
        plain = plain.eval()
        cache: dict[tuple[int, ...], Floats] = {}

        def log_probabilities(ids: Sequence[int]) -> Floats:
            key = tuple(ids)
            if key not in cache:
                with torch.no_grad():
                    logits = plain(torch.tensor([list(ids)])).logits[0].double()
                cache[key] = np.asarray(logits.log_softmax(-1).numpy())
            return cache[key]

        files = [Path(spec.gguf)] if spec.gguf else [folder / "model.safetensors"]
        files += [adapter / "adapter_model.safetensors"] if adapter else []
        engine = open_engine(spec)
        yield Case(
            engine=engine,
            log_probabilities=log_probabilities,
            parameters=sum(weight.numel() for weight in plain.parameters()),
            disk_bytes=sum(file.stat().st_size for file in files),
        )
        engine.close()
