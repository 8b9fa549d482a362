"""llama.cpp's own benchmark programs: how to call them, and what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.places import PEERS

BENCH_AS_OURS = ("-fa", "off", "--repack", "0")
"""The harness's settings in llama-bench's words; it knows no F32 cache."""
BATCHED_AS_OURS = ("-fa", "off", "--no-repack", "-ctv", "f32")
"""The same in those of llama-batched-bench (see `harness/engines/llamacpp/context.py`)."""


@dataclass(frozen=True)
class BenchResult:
    """One test of llama-bench: a prompt (`new_tokens` 0) or an answer (`prompt_tokens` 0)."""

    prompt_tokens: int
    new_tokens: int
    depth: int
    threads: int
    tokens_per_second: tuple[float, ...]
    """Of each repetition."""


@dataclass(frozen=True)
class BatchedResult:
    """One line of llama-batched-bench: `sequences` prompts of like length, answered together."""

    prompt_tokens: int
    new_tokens: int
    sequences: int
    prompt_seconds: float
    new_seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Prompt and generated tokens of all sequences over the whole time."""
        tokens = self.sequences * (self.prompt_tokens + self.new_tokens)
        return tokens / (self.prompt_seconds + self.new_seconds)


def parse_bench(text: str) -> list[BenchResult]:
    """What `llama-bench -o json` printed.

    Raises:
        ValueError: it printed something else, or a test without a repetition.
    """
    results = [
        BenchResult(
            prompt_tokens=int(row["n_prompt"]),
            new_tokens=int(row["n_gen"]),
            depth=int(row["n_depth"]),
            threads=int(row["n_threads"]),
            tokens_per_second=tuple(map(float, row["samples_ts"])),
        )
        for row in json.loads(text)
    ]
    if not results or not all(result.tokens_per_second for result in results):
        raise ValueError("llama-bench measured nothing")
    return results


def parse_batched(text: str) -> list[BatchedResult]:
    """What `llama-batched-bench --output-format jsonl` printed; other lines are passed over.

    Raises:
        ValueError: there is no measurement in it (the context was too small for any).
    """
    rows = [json.loads(line) for line in text.split("\n") if line.startswith("{")]
    if not rows:
        raise ValueError("llama-batched-bench measured nothing")
    return [
        BatchedResult(
            prompt_tokens=int(row["pp"]),
            new_tokens=int(row["tg"]),
            sequences=int(row["pl"]),
            prompt_seconds=float(row["t_pp"]),
            new_seconds=float(row["t_tg"]),
        )
        for row in rows
    ]


def bench(
    gguf: Path,
    threads: int,
    prompt_tokens: int,
    new_tokens: int,
    repetitions: int,
    options: Sequence[str] = (),
) -> list[BenchResult]:
    """Runs llama-bench: a test of the prompt, and one of the answer, where each is above 0."""
    command = [PEERS / "bin" / "llama-bench", "-m", gguf, "-t", threads]
    command += ["-p", prompt_tokens, "-n", new_tokens]
    return parse_bench(_run([*command, "-r", repetitions, "-o", "json", *options]))


def batched(
    gguf: Path,
    threads: int,
    prompt_tokens: int,
    new_tokens: int,
    sequences: Sequence[int],
    options: Sequence[str] = (),
) -> list[BatchedResult]:
    """Runs llama-batched-bench, for each number of sequences."""
    cells = max(sequences) * (prompt_tokens + new_tokens)
    command = [PEERS / "bin" / "llama-batched-bench", "-m", gguf, "-t", threads, "-c", cells]
    command += ["-npp", prompt_tokens, "-ntg", new_tokens, "-npl", ",".join(map(str, sequences))]
    return parse_batched(_run([*command, "--output-format", "jsonl", *options]))


def _run(command: Sequence[object]) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stderr[-500:]}")
    return done.stdout
