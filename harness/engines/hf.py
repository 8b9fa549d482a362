"""Runs a Transformers folder, with a PEFT adapter or bitsandbytes quantization where asked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

from harness.engines.checks import check_prompts, check_questions, check_sequence, usable_context
from harness.engines.contexts import Context, Scores, plan_contexts
from harness.engines.hf_forward import Forward
from harness.engines.hf_generate import generate_batch
from harness.engines.hf_load import (
    choose_device,
    choose_dtype,
    count_parameters,
    load_config,
    load_model,
)
from harness.engines.hf_score import run_prefix, score_batch
from harness.engines.hf_tokenizer import open_hf_tokenizer
from harness.engines.oom import memory_errors, out_of_memory, reports_out_of_memory
from harness.engines.process import peak_resident_bytes, physical_cores
from harness.engines.protocol import (
    ChoiceQuestion,
    EngineInfo,
    EngineSpec,
    Footprint,
    Generation,
    Limits,
    LogProbs,
)
from harness.engines.weight_files import adapter_files, weight_files

UNLIMITED = 1 << 20
"""Context of models that state none, in tokens."""
BATCH_TOKENS = {"cpu": 2048, "cuda": 32768}
"""Most tokens of a batch, padding included."""
BATCH_ROWS = 64
Item = TypeVar("Item")
Result = TypeVar("Result")


class HfEngine:
    """`Engine` for Transformers models."""

    def __init__(self, spec: EngineSpec) -> None:
        started = time.perf_counter()
        threads = spec.threads or physical_cores()
        torch.set_num_threads(threads)
        device = choose_device(spec)
        dtype = choose_dtype(spec, device)
        folder = Path(spec.weights or "")
        self._files = weight_files(folder)
        if spec.adapter is not None:
            self._files += adapter_files(Path(spec.adapter))
        config = load_config(folder)
        self._tokenizer = open_hf_tokenizer(folder)
        model = load_model(spec, config, device, dtype)
        self._forward: Forward | None = Forward(model)
        shape = config.get_text_config()
        self._device = device
        self._tokens = BATCH_TOKENS.get(device.type, BATCH_TOKENS["cpu"])
        self.info = EngineInfo(
            engine="hf",
            version=str(transformers.__version__),
            dtype=spec.quantize or str(dtype).removeprefix("torch."),
            device=str(device),
            threads=threads,
            vocab_size=int(shape.vocab_size),
            context_length=usable_context(
                spec, getattr(shape, "max_position_embeddings", None) or UNLIMITED
            ),
            parameters=count_parameters(model),
            batch={"tokens": self._tokens, "rows": BATCH_ROWS},
        )
        self.load_seconds = time.perf_counter() - started

    def encode(self, text: str) -> list[int]:
        """See `Engine.encode`."""
        return self._tokenizer.encode(text)

    def choose(self, questions: Sequence[ChoiceQuestion]) -> Iterator[tuple[int, list[float]]]:
        """See `Engine.choose`."""
        check_questions(questions, self.info.vocab_size, self.info.context_length)
        scores = Scores(questions)
        yield from scores.without_tokens()
        contexts = plan_contexts(questions)
        with memory_errors("running what all prompts begin with"):
            prefix = run_prefix(self._running, contexts)
        lengths = [len(context.ids) - prefix.length for context in contexts]

        def run(batch: Sequence[Context]) -> list[list[float]]:
            return score_batch(self._running, prefix, batch)

        for batch in self._batches(contexts, lengths):
            for context, values in self._halving(run, batch, "scoring prompts"):
                yield from scores.add(context.targets, values)

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits
    ) -> Iterator[tuple[int, Generation]]:
        """See `Engine.generate`."""
        check_prompts(prompts, limits, self.info.vocab_size, self.info.context_length)
        if limits.max_new_tokens < 1:
            yield from ((number, Generation((), "length", ())) for number in range(len(prompts)))
            return
        lengths = [len(prompt) + limits.max_new_tokens for prompt in prompts]

        def run(numbers: Sequence[int]) -> list[Generation]:
            return generate_batch(self._running, [prompts[n] for n in numbers], limits)

        for batch in self._batches(range(len(prompts)), lengths):
            yield from self._halving(run, batch, "generating")

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """See `Engine.distributions`. Runs `rows` tokens at a time against the cache."""
        check_sequence(ids, self.info.vocab_size, self.info.context_length)
        cache: Any = None
        for start in range(0, len(ids), rows):
            part = ids[start : start + rows]
            with memory_errors(f"running {len(part)} tokens"), torch.inference_mode():
                columns = torch.arange(len(part), device=self._device)
                logits, cache = self._running(
                    torch.tensor([list(part)], device=self._device),
                    torch.zeros_like(columns),
                    columns,
                    past=cache,
                    use_cache=True,
                )
                block: LogProbs = logits.log_softmax(-1).cpu().numpy()
            yield block

    def footprint(self) -> Footprint:
        """See `Engine.footprint`."""
        on_device = self._device.type == "cuda"
        return Footprint(
            disk_bytes=sum(file.stat().st_size for file in self._files),
            peak_resident_bytes=peak_resident_bytes(),
            peak_device_bytes=torch.cuda.max_memory_allocated(self._device) if on_device else 0,
        )

    def close(self) -> None:
        """See `Engine.close`."""
        self._forward = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @property
    def _running(self) -> Forward:
        if self._forward is None:
            raise RuntimeError("The engine has been closed.")
        return self._forward

    def _batches(self, items: Sequence[Item], lengths: Sequence[int]) -> Iterator[list[Item]]:
        """Items in batches of like length within the token budget, the longest first."""
        batch: list[Item] = []
        width = 0
        for number in sorted(range(len(items)), key=lambda n: -lengths[n]):
            width = width or lengths[number]
            if batch and ((len(batch) + 1) * width > self._tokens or len(batch) == BATCH_ROWS):
                yield batch
                batch, width = [], lengths[number]
            batch.append(items[number])
        if batch:
            yield batch

    def _halving(
        self, run: Callable[[Sequence[Item]], list[Result]], batch: Sequence[Item], doing: str
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result; a batch that memory has no room for is run in halves."""
        try:
            results = run(batch)
        except (MemoryError, RuntimeError) as error:
            if not reports_out_of_memory(error):
                raise
            if len(batch) == 1:
                raise out_of_memory(doing) from error
            results = None
        if results is not None:
            yield from zip(batch, results, strict=True)
            return
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        half = len(batch) // 2
        yield from self._halving(run, batch[:half], doing)
        yield from self._halving(run, batch[half:], doing)
