"""Runs a Transformers folder, with a PEFT adapter or bitsandbytes quantization where asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

from harness.engines.checks import CheckedEngine, usable_context
from harness.engines.contexts import Context, Scored
from harness.engines.finite import FaultyWeight
from harness.engines.hf.batched import BatchedRunner
from harness.engines.hf.forward import Forward
from harness.engines.hf.linear import use_faster_linear
from harness.engines.hf.load import (
    choose_device,
    choose_dtype,
    count_parameters,
    faulty_weight,
    load_config,
    load_model,
)
from harness.engines.hf.packed import open_packed
from harness.engines.hf.plain import PlainRunner
from harness.engines.hf.reader import HfReader
from harness.engines.hf.score import log_probabilities
from harness.engines.hf.speed import HfStopwatch
from harness.engines.hf.spread import computing, places_of
from harness.engines.hf.tokenizer import open_hf_tokenizer
from harness.engines.oom import memory_errors
from harness.engines.portion import Portion
from harness.engines.process import physical_cores
from harness.engines.protocol import EngineInfo, EngineSpec, Generation, Limits, LogProbs, Work
from harness.engines.weight_files import adapter_files, weight_files

UNLIMITED = 1 << 20
"""Context of models that state none, in tokens."""


class HfEngine(CheckedEngine):
    """`Engine` for Transformers models."""

    def __init__(self, spec: EngineSpec) -> None:
        started = time.perf_counter()
        threads = spec.threads or physical_cores()
        torch.set_num_threads(threads)
        device = choose_device(spec)
        dtype = choose_dtype(spec, device)
        folder = Path(spec.weights or "")
        adapter = [] if spec.adapter is None else adapter_files(Path(spec.adapter))
        self.files = [*weight_files(folder), *adapter]
        config = load_config(folder)
        self._tokenizer = open_hf_tokenizer(folder)
        loaded = load_model(spec, config, device, dtype)
        model = loaded.model
        use_faster_linear(model)
        self._model: Any = model
        self.work = Work()
        with memory_errors("trying the model"):
            self._runner: BatchedRunner | PlainRunner | None = open_runner(
                model, self.work, spec.halvings
            )
        shape = config.get_text_config()
        self._devices = computing(_base_of(model))
        self.info = EngineInfo(
            engine="hf",
            version=str(transformers.__version__),
            dtype=spec.quantize or str(dtype).removeprefix("torch."),
            device=" + ".join(places_of(_base_of(model))) or str(device),
            threads=threads,
            vocab_size=int(shape.vocab_size),
            context_length=usable_context(
                spec, getattr(shape, "max_position_embeddings", None) or UNLIMITED
            ),
            parameters=count_parameters(model),
            batch=self._runner.batch,
            beside=loaded.beside,
        )
        self.load_seconds = time.perf_counter() - started

    def encode(self, text: str) -> list[int]:
        """See `Engine.encode`."""
        return self._tokenizer.encode(text)

    def _score(self, contexts: Sequence[Context], portion: Portion) -> Iterator[Scored]:
        return self._running.score(contexts, portion)

    def _generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion
    ) -> Iterator[tuple[int, Generation]]:
        return self._running.generate(prompts, limits, portion)

    def _reader(self, prompt: Sequence[int], tokens: int) -> tuple[HfReader, int]:
        return HfReader(self._running.passes()), 0

    def _distributions(self, ids: Sequence[int], rows: int) -> Iterator[LogProbs]:
        for logits in self._running.blocks(ids, rows):
            block: LogProbs = log_probabilities(logits).cpu().numpy()
            yield block

    def stopwatch(self) -> HfStopwatch:
        """See `Engine.stopwatch`."""
        return HfStopwatch(self._model, self._running.passes, self.info, self._devices)

    def _faulty_weight(self) -> FaultyWeight | None:
        return faulty_weight(self._model)

    def _device_bytes(self) -> int:
        """Of all devices together."""
        on_gpus = [device for device in self._devices if device.type == "cuda"]
        return sum(int(torch.cuda.max_memory_allocated(device)) for device in on_gpus)

    def close(self) -> None:
        """See `Engine.close`."""
        self._runner = self._model = None
        if self._devices[0].type == "cuda":
            torch.cuda.empty_cache()

    @property
    def _running(self) -> BatchedRunner | PlainRunner:
        if self._runner is None:
            raise RuntimeError("The engine has been closed.")
        return self._runner


def _base_of(model: Any) -> Any:
    """The model below its adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def open_runner(model: Any, work: Work, halvings: int = 0) -> BatchedRunner | PlainRunner:
    """The fastest way to run a model that gives its own answers; in batches that are halved so often."""
    forward = Forward(model)
    packed = open_packed(forward)
    if packed is None:
        return PlainRunner(forward, work)
    return BatchedRunner(packed, forward.config, forward.itemsize, work, halvings)
