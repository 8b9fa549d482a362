"""Runs a GGUF file through llama.cpp's low-level API.

The leading ids that all prompts share are run once and copied to every sequence; choices of one
question share their prompt; only wanted positions go through the output layer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import llama_cpp
import llama_cpp.llama_cpp as lib

from harness.engines.checks import check_prompts, check_questions, check_sequence, usable_context
from harness.engines.contexts import Scores, plan_contexts
from harness.engines.llamacpp.context import LlamaContext, Row, log_softmax
from harness.engines.llamacpp.generate import generate_all
from harness.engines.llamacpp.model import LlamaModel, gguf_files
from harness.engines.llamacpp.score import score_all
from harness.engines.llamacpp.sizes import ANSWERS, MAX_TOKENS, STREAMS
from harness.engines.llamacpp.speed import LlamaCppStopwatch
from harness.engines.llamacpp.tokenizer import GgufTokenizer
from harness.engines.process import peak_resident_bytes, physical_cores
from harness.engines.protocol import (
    ChoiceQuestion,
    EngineInfo,
    EngineSpec,
    Footprint,
    Generation,
    Limits,
    LogProbs,
    Work,
)
from harness.errors import InputError

CLOSED = "The engine has been closed."


class LlamaCppEngine:
    """`Engine` for GGUF files."""

    def __init__(self, spec: EngineSpec) -> None:
        started = time.perf_counter()
        if spec.gguf is None or spec.adapter or spec.quantize or spec.dtype != "auto":
            raise InputError(
                "A GGUF file is run as it is: `adapter`, `quantize` and `dtype` do not apply to it.",
                "Merge the adapter before converting, and choose the quantization with `gguf`.",
            )
        offload = bool(lib.llama_supports_gpu_offload())
        if spec.device not in ("auto", "cpu") and not offload:
            raise InputError(
                f"The device '{spec.device}' is asked for, but this llama.cpp was built for CPU.",
                "Leave `device` out, or install llama-cpp-python with CUDA or Metal.",
            )
        self._threads = spec.threads or physical_cores()
        self._on_device = spec.device != "cpu" and offload
        layers = -1 if self._on_device else 0
        self._model = LlamaModel(Path(spec.gguf), gpu_layers=layers, repack=spec.timed)
        try:
            context_length = usable_context(spec, lib.llama_model_n_ctx_train(self._model.handle))
        except InputError:
            self._model.close()
            raise
        self._tokenizer: GgufTokenizer | None = GgufTokenizer(self._model)
        self._context: LlamaContext | None = None
        self.work = Work()
        self.info = EngineInfo(
            engine="llamacpp",
            version=str(llama_cpp.__version__),
            dtype=file_type(self._model),
            device="gpu" if self._on_device else "cpu",
            threads=self._threads,
            vocab_size=self._model.vocab_size,
            context_length=context_length,
            parameters=int(lib.llama_model_n_params(self._model.handle)),
            batch={
                "tokens": MAX_TOKENS,
                "sequences": STREAMS["gpu" if self._on_device else "cpu"],
                "answers": ANSWERS["gpu" if self._on_device else "cpu"],
            },
        )
        self.load_seconds = time.perf_counter() - started

    def encode(self, text: str) -> list[int]:
        """See `Engine.encode`."""
        if self._tokenizer is None:
            raise RuntimeError(CLOSED)
        return self._tokenizer.encode(text)

    def choose(self, questions: Sequence[ChoiceQuestion]) -> Iterator[tuple[int, list[float]]]:
        """See `Engine.choose`."""
        check_questions(questions, self.info.vocab_size, self.info.context_length)
        scores = Scores(questions)
        yield from scores.without_tokens()
        contexts = plan_contexts(questions)
        streams = self.info.batch["sequences"]
        for found in score_all(self._cache, contexts, self._model, streams, self.work):
            yield from scores.add(*zip(*found, strict=True))

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits
    ) -> Iterator[tuple[int, Generation]]:
        """See `Engine.generate`."""
        check_prompts(prompts, limits, self.info.vocab_size, self.info.context_length)
        if limits.max_new_tokens < 1:
            yield from ((n, Generation((), "length", ())) for n in range(len(prompts)))
            return
        streams = self.info.batch["answers"]
        yield from generate_all(self._cache, prompts, limits, self._model, streams, self.work)

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """See `Engine.distributions`."""
        check_sequence(ids, self.info.vocab_size, self.info.context_length)
        cache, least = self._cache(len(ids), 1), self._model.least_rows
        for start in range(0, len(ids), rows):
            end = min(start + rows, len(ids))
            first = start if not self._model.forgets else max(0, min(start, end - least))
            cache.keep(0, first)
            self.work.prompt_tokens += end - first
            wanted = tuple(range(start - first, end - first))
            yield log_softmax(cache.run([Row(ids[first:end], wanted)]))

    def stopwatch(self) -> LlamaCppStopwatch:
        """See `Engine.stopwatch`."""
        if self._tokenizer is None:
            raise RuntimeError(CLOSED)
        return LlamaCppStopwatch(self._model, self.info)

    def footprint(self) -> Footprint:
        """See `Engine.footprint`. On a device only the weights are counted."""
        return Footprint(
            disk_bytes=sum(part.stat().st_size for part in gguf_files(self._model.path)),
            peak_resident_bytes=peak_resident_bytes(),
            peak_device_bytes=(
                int(lib.llama_model_size(self._model.handle)) if self._on_device else 0
            ),
        )

    def close(self) -> None:
        """See `Engine.close`."""
        if self._context is not None:
            self._context.close()
        self._context = self._tokenizer = None
        self._model.close()

    def _cache(self, cells: int, streams: int) -> LlamaContext:
        """An empty cache of at least this size: the last one where it is large enough."""
        if self._tokenizer is None:
            raise RuntimeError(CLOSED)
        cache, turns_at = self._context, self._model.turns_at
        if cache is not None:
            other_side = turns_at and (cells > turns_at) != (cache.cells > turns_at)
            if cells <= cache.cells and streams <= cache.streams and not other_side:
                cache.clear()
                return cache
            self._context = None
            cache.close()
        self._context = LlamaContext(self._model, cells, streams, self._threads)
        return self._context


def file_type(model: LlamaModel) -> str:
    """What the weights are stored as, in llama.cpp's words: "F16", "Q4_K_M"."""
    number = model.meta("general.file_type")
    for name, value in vars(lib).items():
        if name.startswith("LLAMA_FTYPE_") and str(value) == number:
            return (
                str(name).removeprefix("LLAMA_FTYPE_").removeprefix("MOSTLY_").removeprefix("ALL_")
            )
    return "unknown"
