"""Each task asks its engine and grades what comes back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.data import Dataset, Example, Phrasing
from harness.engines.protocol import Generation, LogProbs
from harness.suite.schema import ClassifyTask, DivergenceTask, SummarizeTask, WriteTask
from harness.tasks.ask import ask
from harness.tasks.asking import Asking
from harness.tasks.divergence import measure
from harness.tasks.labels import parse_label
from harness.tasks.prompting import prompts_to_ask, prompts_to_write
from tests.tasks.fakes import CharTokenizer, FakeEngine, answerer

TOKENIZER = CharTokenizer()
LABELS = ("bad", "good")
DATA = Dataset(
    train=(Example("t", "x", "bad"),),
    test=tuple(Example(f"e{i}", f"test {i}", LABELS[i % 2]) for i in range(4)),
    labels=LABELS,
)
PROMPTS = prompts_to_ask(TOKENIZER, DATA, Phrasing("{text}", "{text}"), None, 0)
FREE = prompts_to_ask(
    TOKENIZER, Dataset(DATA.train, DATA.test, ()), Phrasing("{text}", "{text}"), None, 0
)


def asking(engine: FakeEngine, **rest: object) -> Asking:
    return Asking("key", answerer(engine), **{"prompts": PROMPTS, **rest})  # type: ignore[arg-type]


def written(text: str, reason: str = "stop") -> Generation:
    ids = tuple(TOKENIZER.encode(text, add_bos=False))
    return Generation(ids, reason, tuple(float(i) for i in range(len(ids))))  # type: ignore[arg-type]


def test_the_likeliest_label_is_the_answer() -> None:
    scores = {prompt.ids: (-1.0, -2.0) for prompt in PROMPTS.prompts}
    task = ClassifyTask(type="classify", dataset="d")
    samples = list(ask(task, asking(FakeEngine(scores))))
    assert {sample.answer for sample in samples} == {"bad"}
    assert {s.id: s.scores["accuracy"] for s in samples} == {"e0": 1, "e1": 0, "e2": 1, "e3": 0}
    assert samples[0].data["logprobs"] == {"bad": -1.0, "good": -2.0}


def test_what_was_answered_before_a_crash_is_not_asked_again() -> None:
    engine = FakeEngine({prompt.ids: (-1.0, -2.0) for prompt in PROMPTS.prompts})
    task = ClassifyTask(type="classify", dataset="d")
    samples = list(ask(task, asking(engine, done=frozenset({0, 2}))))
    assert sorted(sample.index for sample in samples) == [1, 3]
    assert len(engine.asked) == 2


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("good", "good"),
        ("  Good.", "good"),
        ("The answer is BAD!", "bad"),
        ("goodness", None),
        ("", None),
        ("not bad but good", None),
        ("bad, bad", "bad"),
    ],
)
def test_a_written_answer_is_parsed_or_said_to_be_unparsed(text: str, label: str | None) -> None:
    assert parse_label(text, LABELS) == label


def test_an_unparsed_answer_is_wrong_and_counted_as_unparsed() -> None:
    texts = {prompt.ids: written("who knows") for prompt in PROMPTS.prompts}
    task = ClassifyTask(type="classify", dataset="d", ask="generate")
    for sample in ask(task, asking(FakeEngine(texts=texts))):
        assert (sample.answer, sample.scores) == (None, {"accuracy": 0.0, "unparsed": 1.0})
        assert sample.data == {"text": "who knows"}


def test_a_summary_is_graded_and_a_cut_one_is_counted() -> None:
    texts = {
        prompt.ids: written("bad", "length" if prompt.index else "stop") for prompt in FREE.prompts
    }
    task = SummarizeTask(type="summarize", dataset="d")
    samples = list(ask(task, asking(FakeEngine(texts=texts), prompts=FREE)))
    by_id = {sample.id: sample for sample in samples}
    assert by_id["e0"].scores["rouge1"] == 1.0
    assert by_id["e1"].scores["rouge1"] == 0.0
    assert [by_id[f"e{i}"].scores["truncated"] for i in range(4)] == [0, 1, 1, 1]


def test_what_is_written_is_kept_whole_and_counted() -> None:
    own = prompts_to_write(TOKENIZER, {"loop": "Go on.", "end": "Stop.", "none": "Hush."}, 3)
    answers = [written("abcd" * 5, "length"), written(" A poem. \n"), written("")]
    texts = {prompt.ids: answer for prompt, answer in zip(own.prompts, answers, strict=True)}
    task = WriteTask.model_validate({"type": "write", "prompts": ["a"], "max_new_tokens": 20})
    samples = {s.id: s for s in ask(task, asking(FakeEngine(texts=texts), prompts=own))}
    assert {id: sample.answer for id, sample in samples.items()} == {
        "loop": "abcd" * 5, "end": "A poem.", "none": "",
    }  # fmt: skip
    assert samples["loop"].scores == {"repetition": 1 - 4 / 17, "truncated": 1.0, "empty": 0.0}
    assert samples["none"].scores == {"repetition": 0.0, "truncated": 0.0, "empty": 1.0}
    assert samples["end"].data == {"tokens": 10, "ids": list(answers[1].ids)}


def test_a_thought_is_no_part_of_the_text_and_one_that_never_ends_leaves_none() -> None:
    own = prompts_to_write(TOKENIZER, {"done": "Go on.", "open": "Stop."}, 2)
    answers = [written("<think>hm</think> Yes."), written("<think>hm, hm", "length")]
    texts = {prompt.ids: answer for prompt, answer in zip(own.prompts, answers, strict=True)}
    task = WriteTask.model_validate({"type": "write", "prompts": ["a"]})
    samples = {s.id: s for s in ask(task, asking(FakeEngine(texts=texts), prompts=own))}
    assert (samples["done"].answer, samples["done"].data["thought"]) == ("Yes.", "hm")
    assert (samples["open"].answer, samples["open"].data["thought"]) == ("", "hm, hm")
    assert samples["done"].scores["truncated"] == 0.0
    assert samples["open"].scores == {"repetition": 0.0, "truncated": 1.0, "empty": 1.0}


def log_rows(*rows: list[float]) -> LogProbs:
    table: LogProbs = np.log(np.array(rows)).astype(np.float32)
    return table


def test_divergence_is_the_textbook_sum_over_the_scored_positions() -> None:
    reference = FakeEngine(rows=log_rows([0.5, 0.25, 0.25], [0.8, 0.1, 0.1], [1 / 3, 1 / 3, 1 / 3]))
    candidate = FakeEngine(rows=log_rows([0.25, 0.5, 0.25], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]))
    found = measure(reference, candidate, [0, 1, 2], start=1)
    first = 0.5 * math.log(2) + 0.25 * math.log(0.5)
    assert found.kl == pytest.approx([first, 0.0], abs=1e-6)
    assert found.same_top1 == 1
    assert found.reference_nll == pytest.approx(-math.log(0.25) - math.log(0.1), rel=1e-5)
    assert found.nll == pytest.approx(-math.log(0.5) - math.log(0.1), rel=1e-5)


@pytest.mark.parametrize("start", [1, 2, 5, 300, 599])
def test_divergence_does_not_depend_on_where_blocks_end(start: int) -> None:
    generator = np.random.default_rng(0)
    tables = [np.log(generator.dirichlet(np.ones(5), 600)).astype(np.float32) for _ in range(2)]
    ids = generator.integers(0, 5, 600).tolist()
    found = measure(FakeEngine(rows=tables[0]), FakeEngine(rows=tables[1]), ids, start)
    p, q = (table.astype(np.float64)[start - 1 : 599] for table in tables)
    assert found.kl == pytest.approx((np.exp(p) * (p - q)).sum(1).tolist())
    assert found.nll == pytest.approx(-q[np.arange(600 - start), ids[start:]].sum())


def test_a_model_held_against_itself_has_no_divergence() -> None:
    rows = np.log(np.random.default_rng(0).dirichlet(np.ones(300), 60)).astype(np.float32)
    task = DivergenceTask(type="divergence", dataset="d", reference="r")
    engine = FakeEngine(rows=rows)
    samples = list(ask(task, asking(engine, prompts=FREE, reference=answerer(engine))))
    assert len(samples) == 4
    for sample in samples:
        assert max(sample.data["kl"]) == 0
        assert sample.data["same_top1"] == sample.data["tokens"] == len(sample.data["kl"])
        assert sample.data["nll"] == sample.data["reference_nll"]


def test_what_all_documents_begin_with_is_read_but_not_scored() -> None:
    rows = np.log(np.full((60, 300), 1 / 300)).astype(np.float32)
    task = DivergenceTask(type="divergence", dataset="d", reference="r")
    samples = list(ask(task, asking(FakeEngine(rows=rows), prompts=FREE,
                                    reference=answerer(FakeEngine(rows=rows)))))  # fmt: skip
    for sample, prompt in zip(samples, FREE.prompts, strict=True):
        head = len("<user: test ")
        assert sample.data["tokens"] == len(prompt.ids) + len(prompt.target_ids) - head
