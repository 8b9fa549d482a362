"""What a speed task asks an engine to time, and what it keeps of the answer."""

from __future__ import annotations

from harness.engines.timing import SpeedShape
from harness.suite.schema import SpeedTask
from harness.tasks.speed import SENTENCES, Round, encode_texts, measure, shapes
from tests.tasks.fakes import FakeEngine


def task(**changes: object) -> SpeedTask:
    given: dict[str, object] = {"type": "speed", "prompt_tokens": 8, "new_tokens": 4}
    return SpeedTask.model_validate({**given, **changes})


def test_a_prefill_and_a_decode_are_timed() -> None:
    assert shapes(task()) == [SpeedShape("prefill", 8), SpeedShape("decode", 4)]


def test_every_depth_is_timed_with_every_prompt_and_every_batch_the_headline_first() -> None:
    asked = task(prompt_tokens=[8, 16], batch_sizes=[1, 3], depths=[0, 64])
    assert shapes(asked) == [
        SpeedShape("prefill", 8, 1, 0),
        SpeedShape("decode", 4, 1, 0),
        SpeedShape("prefill", 16, 1, 0),
        SpeedShape("prefill", 8, 1, 64),
        SpeedShape("prefill", 16, 1, 64),
        SpeedShape("decode", 4, 3, 0),
        SpeedShape("decode", 4, 1, 64),
        SpeedShape("decode", 4, 3, 64),
    ]


def test_a_round_takes_its_share_of_the_repetitions() -> None:
    engine = FakeEngine()
    list(measure(task(repetitions=7), engine, Round("key", 1, 0, 0)))
    list(measure(task(repetitions=7), engine, Round("key", 3, 0, 0)))
    assert [repetitions for _, repetitions in engine.timed] == [3, 3, 2, 2]


def test_a_sample_is_a_repetition_of_a_shape_with_its_raw_seconds() -> None:
    found = list(measure(task(batch_sizes=[1, 2]), FakeEngine(), Round("key", 2, 0, 40)))
    assert [sample.index for sample in found] == list(range(40, 46))
    assert len({sample.id for sample in found}) == 6
    assert [sample.data["headline"] for sample in found] == [True] * 4 + [False] * 2
    assert found[0].data["forward_seconds"] == [0.5]
    assert found[4].data["sampling_seconds"] == [0.25] * 4
    assert {sample.data["round"] for sample in found} == {2}


def test_a_decode_step_reads_the_weights_and_the_cache_as_it_is_on_average() -> None:
    found = list(measure(task(depths=96, batch_sizes=2), FakeEngine(), Round("key", 1, 0, 0)))
    # 100 bytes a token in each of 2 sequences, which hold 97, 98, 99 and 100 of them.
    assert found[-1].data["step_bytes"] == 10_000 + 2 * 100 * 98.5
    assert "step_bytes" not in found[0].data


def test_the_tokenizer_is_timed_by_the_tokens_that_it_makes() -> None:
    encoding = encode_texts(FakeEngine())
    assert encoding.tokens > 3 * SENTENCES
    assert encoding.seconds > 0
