"""Rates, waits, limits and doubts, against closed forms and against simulated drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.paired import compare_cells
from harness.analysis.speed import (
    REMEDIES,
    figures,
    mean,
    median,
    percentile,
    timed_value,
    warnings,
)
from harness.errors import BadDataError
from harness.metrics.registry import METRICS
from harness.records import Sample, SpeedFigures, SpeedRound
from tests.analysis.samples import repetition, timed

speeds = st.lists(
    st.lists(st.floats(min_value=1, max_value=1000), min_size=1, max_size=4),
    min_size=2,
    max_size=5,
)


def speed_round(number: int = 1, **changes: Any) -> SpeedRound:
    fields: dict[str, object] = {
        "key": "k",
        "number": number,
        "samples": 2,
        "started": "2026-11-21T05:00:00+00:00",
        "seconds": 1.0,
        "load_seconds": 0.5,
        "engine": {},
        "settings": {},
        "footprint": {},
        "memory_bytes_per_second": 40_000.0,
        "cache_bytes": 100,
        "encoded_tokens": 10,
        "encode_seconds": 1.0,
        "cores": 4,
        "others_cores": 0.0,
    }
    return SpeedRound.model_validate({**fields, **changes})


def decode(samples: list[Sample], **changes: Any) -> SpeedFigures:
    """The decode figures of samples that were timed beside this memory."""
    found = figures(samples, [speed_round(**changes)])
    return next(one for one in found if one.phase == "decode")


def test_a_rate_counts_the_tokens_of_all_sequences_and_no_sampling() -> None:
    sample = repetition(0, "decode", 1, [0.5, 1.5], tokens=2, batch_size=3)
    assert METRICS["decode_tokens_per_second"].by_round([sample])[0].tolist() == [3.0]


def test_a_wait_is_a_pass_and_its_sampling() -> None:
    samples = [
        repetition(0, "prefill", 1, [2.0], tokens=7),
        repetition(1, "decode", 1, [0.5, 1.0], tokens=2),
    ]
    assert METRICS["ttft_seconds"].by_round(samples)[0].tolist() == pytest.approx([2.2])
    assert METRICS["itl_p99_seconds"].by_round(samples)[0].tolist() == pytest.approx([0.55, 1.1])
    assert METRICS["sampling_seconds"].by_round(samples)[0].tolist() == pytest.approx([0.05, 0.1])


def test_metrics_are_of_the_headline_shapes_alone() -> None:
    other = repetition(9, "decode", 1, [1.0], tokens=1, headline=False, depth=512)
    samples = [*timed([4.0], [6.0]), other]
    assert timed_value(METRICS["decode_tokens_per_second"], samples).value == pytest.approx(5)
    assert [(one.depth, one.headline) for one in figures(samples, [])] == [
        (0, True),
        (0, True),
        (512, False),
    ]


def test_what_was_not_timed_has_no_value() -> None:
    assert (
        timed_value(METRICS["ttft_seconds"], [repetition(0, "decode", 1, [1.0], 1)]).value is None
    )


def test_several_rounds_give_a_t_interval_over_their_means() -> None:
    rounds = [np.array([9.0, 11.0]), np.array([13.0, 11.0]), np.array([11.0, 14.0])]
    found = mean(rounds)
    low, high = stats.t.interval(0.95, 2, loc=11.5, scale=stats.sem([10.0, 12.0, 12.5]))
    assert found.value == pytest.approx(11.5)
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(high - low)


def test_one_round_gives_a_t_interval_over_its_repetitions() -> None:
    found = mean([np.array([9.0, 10.0, 11.0])])
    low, _ = stats.t.interval(0.95, 2, loc=10, scale=stats.sem([9.0, 10.0, 11.0]))
    assert found.low == pytest.approx(low)


def test_a_rate_is_never_said_to_be_below_zero() -> None:
    assert mean([np.array([1.0]), np.array([9.0])]).low == 0


@given(speeds)
def test_repeating_within_a_round_makes_nothing_surer(rounds: list[list[float]]) -> None:
    once = mean([np.array(values) for values in rounds])
    thrice = mean([np.array(values * 3) for values in rounds])
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx(
        (once.value, once.low, once.high)
    )


def test_drift_between_rounds_is_not_called_a_difference_more_often_than_promised() -> None:
    rng = np.random.default_rng(3)
    called = 0
    for _ in range(300):
        one, other = (
            timed(*((rng.normal(100, 3) + rng.normal(0, 0.3, 4)).tolist() for _ in range(3)))
            for _ in "ab"
        )
        p = compare_cells(METRICS["decode_tokens_per_second"], one, other, seed=0).p
        called += p is not None and p < 0.05
    assert called / 300 <= 0.08


def test_a_median_says_of_how_many_waits_it_is() -> None:
    found = median([np.array([1.0, 2.0, 9.0]), np.array([2.0, 3.0, 4.0])])
    half = stats.t.ppf(0.975, 1) * stats.sem([2.0, 3.0])
    assert (found.value, found.n) == (2.5, 6)
    assert found.high == pytest.approx(2.5 + half)


def test_the_waits_of_a_single_process_give_a_median_no_interval() -> None:
    found = median([np.array([1.0, 2.0, 3.0])])
    assert (found.value, found.low, found.n) == (2.0, None, 3)


def test_a_percentile_is_a_wait_that_was_seen_and_has_no_interval() -> None:
    waits = [np.arange(1, 101, dtype=np.float64), np.arange(101, 201, dtype=np.float64)]
    assert percentile(waits, 0.9).value == 180
    assert percentile(waits, 0.99).value == 198
    assert (percentile(waits, 0.99).low, percentile(waits, 0.99).n) == (None, 200)


def test_the_limit_is_bandwidth_over_the_bytes_of_a_token() -> None:
    samples = [repetition(0, "decode", 1, [0.5], tokens=1, batch_size=4, step_bytes=16_000)]
    found = decode(samples)
    assert found.limit_tokens_per_second == 40_000 * 4 / 16_000
    assert found.share == pytest.approx(8 / 10)


def test_the_best_bandwidth_of_all_rounds_counts() -> None:
    rounds = [speed_round(1, memory_bytes_per_second=30_000.0), speed_round(2)]
    samples = [repetition(0, "decode", 1, [1.0], tokens=1, step_bytes=40_000)]
    assert figures(samples, rounds)[0].limit_tokens_per_second == 1.0


def test_what_fits_into_the_cache_has_no_share_of_the_limit() -> None:
    samples = [repetition(0, "decode", 1, [1.0], tokens=1, step_bytes=40_000)]
    assert decode(samples, cache_bytes=40_000).share is None
    assert decode(samples, cache_bytes=39_999).share == pytest.approx(1.0)


def test_a_limit_that_was_exceeded_is_none() -> None:
    samples = [repetition(0, "decode", 1, [0.9], tokens=1, step_bytes=40_000)]
    assert decode(samples).share is None


def test_the_spread_is_llama_benchs() -> None:
    found = decode(timed([90.0, 110.0], [100.0]))
    assert found.spread == pytest.approx(10 / 100)
    assert [len(values) for values in found.repetitions] == [2, 1]


@pytest.mark.parametrize(
    ("samples", "changes", "kind", "words"),
    [
        (timed([1.0, 1.2]), {}, "spread", "prefill varied by 12.9% (CV)"),
        (timed([1.0, 1.0]), {"others_cores": 0.3}, "busy", "0.3 of 4 cores in round 1"),
        (timed([200.0, 200.0]), {}, "short", "prefill of 4 tokens"),
    ],
)
def test_a_doubt_says_where_and_how_to_mend_it(
    samples: list[Sample], changes: dict[str, Any], kind: str, words: str
) -> None:
    rounds = [speed_round(**changes)]
    (found,) = warnings(figures(samples, rounds), rounds)
    assert found.kind == kind
    assert found.message.startswith(words)
    assert found.remedy == REMEDIES[kind]


def test_rounds_of_different_machines_are_a_doubt() -> None:
    one, other = ({"processor": name, "cores": 4} for name in ("A", "B"))
    samples = timed([1.0, 1.02], [1.01], [1.0])
    rounds = [speed_round(1, machine=one), speed_round(2, machine=other), speed_round(3)]
    (found,) = warnings(figures(samples, rounds), rounds)
    assert found.kind == "machines" and "--again" in found.remedy
    assert found.message == "round 1 on A, 4 cores; round 2 on B, 4 cores"
    alike = [speed_round(number, machine=one) for number in (1, 2, 3)]
    assert warnings(figures(samples, alike), alike) == []


def test_a_quiet_steady_timing_raises_no_doubt() -> None:
    rounds = [speed_round(others_cores=0.1)]
    assert warnings(figures(timed([1.0, 1.02], [1.01]), rounds), rounds) == []


def test_a_sample_that_is_no_timing_is_named() -> None:
    sample = repetition(0, "decode", 1, [1.0], 1)
    broken = sample.model_copy(update={"data": {"round": 1}})
    with pytest.raises(BadDataError, match="decode 0"):
        figures([broken], [])
