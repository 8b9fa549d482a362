"""Metrics of what a model costs to run: rates, waits, and what is measured once."""

from __future__ import annotations

from functools import partial

from harness.metrics.metric import Metric
from harness.metrics.timings import by_round, rates, waits
from harness.metrics.waits import wait_metrics

_cost = partial(Metric, measures="cost")
_speed_metric = partial(_cost, unit="tokens/s", higher_is_better=True)
_measured_once = partial(_cost, kind="single")
_wait = partial(wait_metrics, kinds=("median", "tail"), format=",.2f")
WAITS = (
    *_wait(
        "ttft",
        "Time to first token",
        "The wait between handing over the prompt and the first token of the answer: prefill "
        "and sampling.",
        waits("prefill"),
    ),
    *_wait(
        "itl",
        "Time between tokens",
        "The wait between one token of the answer and the next: a decode step and sampling.",
        waits("decode"),
    ),
)
METRICS = (
    _speed_metric(
        name="prefill_tokens_per_second",
        label="Prefill speed",
        kind="repetitions",
        format=",.0f",
        explanation="How many prompt tokens are read in a second: forward passes alone, as "
        "llama-bench times them.",
        rounds=rates("prefill"),
    ),
    _speed_metric(
        name="decode_tokens_per_second",
        label="Decode speed",
        kind="repetitions",
        format=",.1f",
        explanation="How many answer tokens are written in a second: forward passes alone, one after "
        "the other, reading the prompt not counted.",
        rounds=rates("decode"),
    ),
    *WAITS,
    _measured_once(
        name="roofline_share",
        label="Share of the memory limit",
        unit="%",
        higher_is_better=True,
        format=".1f",
        factor=100.0,
        explanation="How much of the decode speed was reached that this machine's memory bandwidth "
        "allows when all weights, keys and values are read for each token (the roofline model).",
    ),
    Metric(
        name="sampling_seconds",
        label="Sampling",
        unit="µs",
        higher_is_better=False,
        measures="cost",
        kind="median",
        format=",.1f",
        factor=1e6,
        explanation="The time to pick the likeliest of all tokens, once the forward pass is done.",
        rounds=by_round("decode", lambda repetition: repetition.sampling_seconds),
    ),
    _speed_metric(
        name="tokenizer_tokens_per_second",
        label="Tokenizer speed",
        kind="single",
        format=",.0f",
        explanation="How many tokens of English text the model's own tokenizer makes in a second.",
    ),
    _measured_once(
        name="load_seconds",
        label="Load time",
        unit="s",
        higher_is_better=False,
        format=".2f",
        explanation="The time to get the model from disk (or the system's file cache) ready to "
        "answer; the median of the rounds.",
    ),
    _measured_once(
        name="peak_bytes",
        label="Peak memory",
        unit="bytes",
        higher_is_better=False,
        format=",.0f",
        explanation="The most memory that the process, or the device, held while the model was "
        "timed.",
    ),
)
