"""What llama.cpp's benchmark programs print, read from samples of their formats."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.llama_tools import BatchedResult, parse_batched, parse_bench

PROMPT = {
    "n_prompt": 512,
    "n_gen": 0,
    "n_depth": 128,
    "n_threads": 2,
    "avg_ts": 1100.5,
    "samples_ns": [465_000_000, 465_500_000],
    "samples_ts": [1101.0, 1100.0],
}
ANSWER = {**PROMPT, "n_prompt": 0, "n_gen": 64, "samples_ts": [135.25]}
BATCHED = (
    '{"n_kv_max": 2048, "n_batch": 2048, "n_ubatch": 512, "flash_attn": -1, "is_pp_shared": 0, '
    '"n_gpu_layers": -1, "n_threads": 2, "n_threads_batch": 2, "pp": 64, "tg": 8, "pl": 4, '
    '"n_kv": 288, "t_pp": 0.150000, "speed_pp": 1706.67, "t_tg": 0.050000, "speed_tg": 640.0, '
    '"t": 0.200000, "speed": 1440.000000}'
)


def test_bench_gives_each_repetition_of_each_test() -> None:
    prompt, answer = parse_bench(json.dumps([PROMPT, ANSWER]))
    assert (prompt.prompt_tokens, prompt.new_tokens, prompt.depth, prompt.threads) == (
        512,
        0,
        128,
        2,
    )
    assert prompt.tokens_per_second == (1101.0, 1100.0)
    assert (answer.prompt_tokens, answer.new_tokens) == (0, 64)
    assert answer.tokens_per_second == (135.25,)


@pytest.mark.parametrize("text", ["[]", json.dumps([{**PROMPT, "samples_ts": []}])])
def test_bench_without_a_measurement_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="measured nothing"):
        parse_bench(text)


def test_batched_counts_prompts_and_answers_of_all_sequences() -> None:
    (found,) = parse_batched(f"\n{BATCHED}\n\nllama_perf_context_print: load time = 9 ms\n")
    assert found == BatchedResult(64, 8, 4, 0.15, 0.05)
    assert found.tokens_per_second == pytest.approx(1440.0)


def test_batched_without_a_measurement_is_an_error() -> None:
    with pytest.raises(ValueError, match="measured nothing"):
        parse_batched("llama_batched_bench: n_kv_max = 64\n")
