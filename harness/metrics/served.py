"""Metrics of a server under load: waits of its first level, and what it does at most over all levels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.metrics.metric import Metric
from harness.metrics.requests import Request, all_gaps, each, of_headline
from harness.metrics.statistic import FloatArray
from harness.metrics.waits import wait_metrics


def _ttft(requests: Sequence[Request]) -> FloatArray:
    return each(of.ttft for of in requests)


def _tpot(requests: Sequence[Request]) -> FloatArray:
    return each(of.tpot for of in requests)


def _latency(requests: Sequence[Request]) -> FloatArray:
    return each(of.latency for of in requests)


_wait = partial(wait_metrics, kinds=("percentile", "percentile"), format=",.1f")
WAITS = tuple(
    metric
    for name, label, sentence, made_of in (
        (
            "served_ttft",
            "Served TTFT",
            "Time to first token of a served model: from when a request is due until the first piece of "
            "the answer is there, with its wait in the server's queue and the way there and back.",
            _ttft,
        ),
        (
            "served_tpot",
            "Served TPOT",
            "Time per output token of a served model: what is left of the latency after the first "
            "token, over the number of further tokens (AIPerf calls it inter-token latency).",
            _tpot,
        ),
        (
            "served_itl",
            "Served ITL",
            "Inter-token latency as vLLM has it: between one piece of an answer and the next, which "
            "may hold several tokens.",
            all_gaps,
        ),
        (
            "latency",
            "Latency",
            "End-to-end latency: from when a request is due until the whole answer is there.",
            _latency,
        ),
    )
    for metric in _wait(
        name, label, f"{sentence} Of the first level of the task.", of_headline(made_of)
    )
)


def _once(
    name: str, label: str, unit: str, better: bool | None, explanation: str, format: str
) -> Metric:
    return Metric(
        name=name,
        label=label,
        unit=unit,
        higher_is_better=better,
        measures="cost",
        kind="single",
        format=format,
        factor=100.0 if unit == "%" else 1.0,
        explanation=explanation,
    )


METRICS = (
    _once(
        "peak_output_tokens_per_second", "Peak output", "tokens/s", True,
        "The most tokens per second that the server wrote for all its users together, at any load.", ",.1f",
    ),
    _once(
        "peak_requests_per_second", "Peak requests", "requests/s", True,
        "The most requests per second that the server answered, at any load.", ",.2f",
    ),
    *WAITS,
    _once(
        "failed_requests", "Failed requests", "%", False,
        "The share of all requests, at every load, that got no whole answer.", ".1f",
    ),
    _once(
        "knee_concurrency", "Knee, users", "users", True,
        "The number of users at which throughput over mean latency is highest (Kleinrock's power): "
        "with more, waits grow faster than throughput.", ",.0f",
    ),
    _once(
        "knee_rate", "Knee, rate", "requests/s", True,
        "The request rate at which throughput over mean latency is highest (Kleinrock's power).", ",.2f",
    ),
    _once(
        "goodput_requests_per_second", "Goodput", "requests/s", True,
        "The most requests per second, at any load, that kept all limits of the task's `within`.", ",.2f",
    ),
)  # fmt: skip
