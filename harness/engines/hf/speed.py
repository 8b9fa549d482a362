"""Times a Transformers model: the forward passes that its answers are made of, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from harness.engines.bandwidth import measure_memory
from harness.engines.finite import check_timed
from harness.engines.hf.load import faulty_weight
from harness.engines.hf.passes import Passes
from harness.engines.oom import memory_errors
from harness.engines.protocol import EngineInfo
from harness.engines.timing import (
    MemorySpeed,
    SpeedShape,
    Timing,
    check_shape,
    random_ids,
    share_of_experts,
)

DEVICE_BYTES = 4 * 2**30
PASSES = 12


class HfStopwatch:
    """`Stopwatch` for a loaded Transformers model."""

    def __init__(
        self, model: Any, passes: Callable[[], Passes], info: EngineInfo, devices: Sequence[Any]
    ) -> None:
        """Args:
        model: for what its parameters weigh.
        passes: begins sequences that are run as answers are.
        devices: that compute; tokens pass through one after the other, so that the memory of the first
            bounds the speed of all.
        """
        self._model, self._passes, self._info, self._devices = model, passes, info, devices
        self.settings: dict[str, Any] = {
            "attention": str(getattr(model.config, "_attn_implementation", None) or "its own"),
        }

    def time(self, shape: SpeedShape, repetitions: int, seed: int = 0) -> Iterator[Timing]:
        """See `Stopwatch.time`."""
        check_shape(shape, self._info.context_length)
        size, width = self._info.vocab_size, shape.batch_size
        before = random_ids(shape.depth, size, seed)
        ids = random_ids(shape.tokens * width, size, seed + 1)
        # Whole prompts in one pass, or a token of every sequence in each.
        length = shape.tokens if shape.phase == "prefill" else 1
        parts = [ids[start : start + length] for start in range(0, len(ids), length)]
        steps = [parts[start : start + width] for start in range(0, len(parts), width)]
        with memory_errors(f"timing a {shape.phase} of {shape.tokens} tokens"):
            begun = self._passes()
            if before:
                begun.read([before])
            for repetition in range(-1, repetitions):
                timing, logits = self._run(begun.repeated(width), steps)
                if repetition >= 0:
                    yield timing
                else:
                    highest = logits.amax(-1).tolist()
                    check_timed(highest, lambda: faulty_weight(self._model), self._info.dtype)

    def weight_bytes(self, batch_size: int) -> int:
        """See `Stopwatch.weight_bytes`. Counts what the parameters take up in memory."""
        return decode_bytes(self._model, batch_size)

    def memory(self) -> MemorySpeed:
        """See `Stopwatch.memory`."""
        if self._devices[0].type != "cuda":
            return measure_memory(self._info.threads)
        return _device_memory(self._devices[0])

    def _run(
        self, sequences: Passes, steps: Sequence[Sequence[Sequence[int]]]
    ) -> tuple[Timing, Any]:
        """How long the steps took, and the logits of the last one."""
        forward, sampling = [], []
        for rows in steps:
            seconds, logits = self._clocked(sequences.read, rows)
            forward.append(seconds)
            sampling.append(self._clocked(_likeliest, logits)[0])
        return Timing(tuple(forward), tuple(sampling), sequences.cache_bytes), logits

    def _clocked(self, work: Callable[..., Any], *given: Any) -> tuple[float, Any]:
        """Seconds until the device has done it, and what it gave."""
        self._wait()
        started = time.perf_counter()
        result = work(*given)
        self._wait()
        return time.perf_counter() - started, result

    def _wait(self) -> None:
        for device in self._devices:
            if device.type == "cuda":
                torch.cuda.synchronize(device)


def _likeliest(logits: Any) -> Any:
    return logits.argmax(-1).tolist()


def decode_bytes(model: Any, batch_size: int) -> int:
    """Bytes of parameters that a decode step of so many sequences reads, each parameter once.

    Quantized ones count as packed, with their scales. An embedding that is also the output head is
    read whole.
    """
    config = model.config.get_text_config()
    share = share_of_experts(
        int(getattr(config, "num_local_experts", None) or getattr(config, "num_experts", 0) or 0),
        int(getattr(config, "num_experts_per_tok", 0) or 0),
        batch_size,
    )
    heads = model.get_output_embeddings()
    tied = None if heads is None else heads.weight
    tables = {
        id(module.weight): module.weight.shape[0]
        for module in model.modules()
        if isinstance(module, torch.nn.Embedding) and module.weight is not tied
    }
    total = 0.0
    for name, weight in model.named_parameters():
        size = stored_bytes(weight)
        if id(weight) in tables:
            total += size / tables[id(weight)] * batch_size
        else:
            total += size * (share if ".experts." in name else 1.0)
    return round(total)


def stored_bytes(weight: Any) -> int:
    """Bytes of one parameter in memory, with the scales that bitsandbytes keeps beside it."""
    size = weight.numel() * weight.element_size()
    state = getattr(weight, "quant_state", None)
    if state is not None:
        nested = getattr(state, "state2", None)  # none where a CPU has unpacked the scales
        size += _bytes_of(state.absmax) + _bytes_of(getattr(nested, "absmax", None))
    return int(size + _bytes_of(getattr(weight, "SCB", None)))


def _bytes_of(tensor: Any) -> int:
    return 0 if tensor is None else int(tensor.numel() * tensor.element_size())


def _device_memory(device: Any) -> MemorySpeed:
    """Bytes per second that the device's memory gives: the best of several sums of a buffer."""
    free, _ = torch.cuda.mem_get_info(device)
    data = torch.ones(min(DEVICE_BYTES, free // 2) // 4, dtype=torch.float32, device=device)
    best = float("inf")
    for _ in range(PASSES):
        torch.cuda.synchronize(device)
        started = time.perf_counter()
        data.sum()
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - started)
    cache = torch.cuda.get_device_properties(device).L2_cache_size
    return MemorySpeed(data.numel() * 4 / best, int(cache))
