"""Perplexity against closed forms, on passages and windows that are read as they stand."""

from __future__ import annotations

import math

import pytest

from harness.analysis.metrics import compute_metrics
from harness.engines.protocol import Generation
from harness.errors import BadModelError
from harness.metrics.registry import metrics_of
from harness.probes.passages import KINDS, passages
from harness.suite.schema import ComplyTask, InstructTask, PerplexityTask, RefuseTask
from harness.tasks.ask import ask
from harness.tasks.asking import Asking
from harness.tasks.documents import passages_to_read
from harness.tasks.prompting import prompts_to_write
from tests.tasks.fakes import BOS, CharTokenizer, FakeEngine, answerer
from tests.tasks.test_divergence import unigram

TOKENIZER = CharTokenizer()
TASK = PerplexityTask(type="perplexity")
PASSAGES = {"one": "abab", "two": "aaaabbbb"}


def asking(engine: FakeEngine, passages: dict[str, str] = PASSAGES) -> Asking:
    return Asking("key", answerer(engine), passages_to_read(TOKENIZER, passages, len(passages)))


def test_a_unigram_model_has_the_perplexity_of_its_entropy_and_reads_every_token_but_bos() -> None:
    found = list(ask(TASK, asking(unigram({"a": 0.8, "b": 0.2}))))
    assert [sample.data["tokens"] for sample in found] == [4, 8]
    assert [sample.data["bytes"] for sample in found] == [4, 8]
    values = compute_metrics(metrics_of("perplexity"), found, seed=0)
    assert values["perplexity"].value == pytest.approx(2.5, rel=1e-5)
    assert values["bits_per_byte"].value == pytest.approx(math.log2(2.5), rel=1e-5)


def test_passages_begin_with_bos_and_stand_without_a_template() -> None:
    found = passages_to_read(TOKENIZER, PASSAGES, 2)
    assert found.mode == "text" and found.prompts[0].ids[0] == BOS
    assert TOKENIZER.decode(found.prompts[1].ids) == found.prompts[1].text == "aaaabbbb"


def test_a_token_that_the_model_rules_out_is_an_error_and_no_figure() -> None:
    with pytest.raises(BadModelError, match="no finite number"):
        list(ask(TASK, asking(unigram({"a": 1.0}))))


def test_there_are_six_passages_of_each_kind_and_none_is_short() -> None:
    assert [name.partition("-")[0] for name in passages()] == [k for k in KINDS for _ in range(6)]
    assert all(len(text) > 350 for text in passages().values())


def written(text: str, reason: str = "stop") -> Generation:
    return Generation(tuple(TOKENIZER.encode(text, add_bos=False)), reason, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "metric", "scores"),
    [
        (InstructTask(type="instruct"), "followed", [1, 0, 0]),
        (RefuseTask(type="refuse"), "refused", [0, 1, 0]),
        (ComplyTask(type="comply"), "not_refused", [1, 0, 1]),
    ],
)
def test_an_answer_is_judged_by_its_form_or_by_whether_it_declines(
    task: InstructTask | RefuseTask | ComplyTask, metric: str, scores: list[int]
) -> None:
    prompts = prompts_to_write(TOKENIZER, dict(list(task.named.items())[:3]), 3)
    answers = [written("Paris"), written("I can't help with that."), written("yes", "length")]
    texts = {prompt.ids: answer for prompt, answer in zip(prompts.prompts, answers, strict=True)}
    engine = FakeEngine(texts=texts)
    found = list(ask(task, Asking("key", answerer(engine), prompts)))
    found.sort(key=lambda sample: sample.index)
    assert [sample.scores[metric] for sample in found] == scores
    assert [sample.scores["truncated"] for sample in found] == [0, 0, 1]
