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

from harness.engines.checks import CheckedEngine, usable_context
from harness.engines.contexts import Context, Scored
from harness.engines.finite import FaultyWeight
from harness.engines.llamacpp.caches import Caches
from harness.engines.llamacpp.context import BatchRow, log_softmax
from harness.engines.llamacpp.generate import generate_all
from harness.engines.llamacpp.model import LlamaModel, gguf_files
from harness.engines.llamacpp.reader import LlamaReader
from harness.engines.llamacpp.score import score_all
from harness.engines.llamacpp.sizes import ANSWERS, MAX_TOKENS, STREAMS
from harness.engines.llamacpp.speed import LlamaCppStopwatch
from harness.engines.llamacpp.spread import check_gpus
from harness.engines.llamacpp.tokenizer import GgufTokenizer
from harness.engines.portion import Portion, together
from harness.engines.process import physical_cores
from harness.engines.protocol import EngineInfo, EngineSpec, Generation, Limits, LogProbs, Work
from harness.errors import InputError


class LlamaCppEngine(CheckedEngine):
    """`Engine` for GGUF files."""

    def __init__(self, spec: EngineSpec) -> None:
        started = time.perf_counter()
        if spec.gguf is None or spec.quantize or spec.dtype != "auto":
            raise InputError(
                "A GGUF file is run as it is: `quantize` and `dtype` do not apply to it.",
                "Choose the quantization with `gguf`.",
            )
        offload = bool(lib.llama_supports_gpu_offload())
        if spec.device not in ("auto", "cpu") and not offload:
            raise InputError(
                f"The device '{spec.device}' is asked for, but this llama.cpp was built for CPU.",
                "Leave `device` out, or install llama-cpp-python with CUDA or Metal.",
            )
        check_gpus(spec.spread)
        device = "gpu" if spec.device != "cpu" and offload else "cpu"
        layers = -1 if device == "gpu" else 0
        adapter = Path(spec.adapter) if spec.adapter else None
        self._model = LlamaModel(Path(spec.gguf), False, layers, spec.timed, adapter, spec.spread)
        try:
            context_length = usable_context(spec, lib.llama_model_n_ctx_train(self._model.handle))
        except InputError:
            self._model.close()
            raise
        self.files = [*gguf_files(self._model.path), *([adapter] if adapter is not None else [])]
        self._tokenizer: GgufTokenizer | None = GgufTokenizer(self._model)
        self._last: LlamaReader | None = None
        """What read the last sample; None once the cache was used for something else."""
        self.work = Work()
        self.info = EngineInfo(
            engine="llamacpp",
            version=str(llama_cpp.__version__),
            dtype=self._model.file_type,
            device=device,
            threads=spec.threads or physical_cores(),
            vocab_size=self._model.vocab_size,
            context_length=context_length,
            parameters=int(lib.llama_model_n_params(self._model.handle)),
            batch={
                "tokens": MAX_TOKENS,
                "sequences": max(1, STREAMS[device] >> spec.halvings),
                "answers": max(1, ANSWERS[device] >> spec.halvings),
            },
        )
        self._made = Caches(self._model, self.info.threads, self.info.batch)
        self.load_seconds = time.perf_counter() - started

    def encode(self, text: str) -> list[int]:
        """See `Engine.encode`."""
        return self._open_tokenizer().encode(text)

    def _score(self, contexts: Sequence[Context], portion: Portion) -> Iterator[Scored]:
        streams = self.info.batch["sequences"]
        return score_all(self._caches, contexts, self._model, streams, self.work, portion)

    def _generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion
    ) -> Iterator[tuple[int, Generation]]:
        streams, device = self.info.batch["answers"], self.info.device
        blocks = together(list(map(len, prompts)), device)
        of = (prompts, limits, self._model, streams, self.work)
        return generate_all(self._caches, *of, blocks, portion.of(blocks))

    def _reader(self, prompt: Sequence[int], tokens: int) -> tuple[LlamaReader, int]:
        """With room for as much again, so that a conversation can go on in it."""
        known = self._last.begin(prompt, tokens) if self._last is not None else None
        if self._last is None or known is None:
            room = min(2 * tokens, self.info.context_length) if self._model.turns_at is None else 0
            reader = LlamaReader(self._caches, max(tokens, room), self._model)
            self._last, known = reader, 0
        return self._last, known

    def _distributions(self, ids: Sequence[int], rows: int) -> Iterator[LogProbs]:
        cache, least = self._caches.get(len(ids), 1), self._model.least_rows
        for start in range(0, len(ids), rows):
            end = min(start + rows, len(ids))
            first = start if not self._model.forgets else max(0, min(start, end - least))
            cache.keep(0, first)
            self.work.prompt_tokens += end - first
            wanted = tuple(range(start - first, end - first))
            yield log_softmax(cache.run([BatchRow(ids[first:end], wanted)]))

    def stopwatch(self) -> LlamaCppStopwatch:
        """See `Engine.stopwatch`."""
        self._open_tokenizer()
        return LlamaCppStopwatch(self._model, self.info)

    def _faulty_weight(self) -> FaultyWeight | None:
        """None: a file with such a weight is not loaded (`LlamaModel`)."""
        return None

    def _device_bytes(self) -> int:
        """Of the weights alone, since llama.cpp does not tell more."""
        on_device = self.info.device == "gpu"
        return int(lib.llama_model_size(self._model.handle)) if on_device else 0

    def close(self) -> None:
        """See `Engine.close`."""
        self._made.close()
        self._last = self._tokenizer = None
        self._model.close()

    def _open_tokenizer(self) -> GgufTokenizer:
        if self._tokenizer is None:
            raise RuntimeError("The engine has been closed.")
        return self._tokenizer

    @property
    def _caches(self) -> Caches:
        """Those of an open engine; what was read last is not there any more."""
        self._open_tokenizer()
        self._last = None
        return self._made
