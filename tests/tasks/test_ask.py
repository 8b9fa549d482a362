"""Answers whose reasoning is parted off, and answerers that have texts only, go through the tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.metrics import compute_metrics
from harness.data import Dataset, Example, Phrasing
from harness.engines.protocol import Generation
from harness.engines.reasoning import counts
from harness.errors import CannotAnswerError
from harness.metrics.registry import metrics_of
from harness.records import WORDING, WORDLESS, Sample, WordingDetails
from harness.suite.schema import ClassifyTask, DivergenceTask, SummarizeTask, WriteTask
from harness.tasks.ask import ask, details_of
from harness.tasks.asking import Asking
from harness.tasks.prompting import prompts_to_ask, prompts_to_write
from harness.tasks.prompts import PromptSet
from tests.engines.texts_only import TextsOnly
from tests.tasks.fakes import FIRST, CharTokenizer, FakeEngine, answerer
from tests.tasks.templates import QWEN3, R1, TemplateTokenizer

DATA = Dataset(
    train=(),
    test=tuple(Example(f"e{i}", f"test {i}", "good") for i in range(3)),
    labels=("bad", "good"),
)


def samples(
    task: ClassifyTask | SummarizeTask, template: str, *texts: tuple[str, str]
) -> dict[str, Sample]:
    labels = DATA.labels if isinstance(task, ClassifyTask) else ()
    data = Dataset(DATA.train, DATA.test, labels)
    prompts = prompts_to_ask(TemplateTokenizer(template), data, Phrasing("{text}", ""), None, 0)
    said = {
        prompt.ids: Generation(
            tuple(FIRST + ord(c) for c in text),
            reason,  # type: ignore[arg-type]
            (0.0,) * len(text),
        )
        for prompt, (text, reason) in zip(
            sorted(prompts.prompts, key=lambda p: p.id), texts, strict=True
        )
    }
    asking = Asking("key", answerer(FakeEngine(texts=said)), prompts)
    return {sample.id: sample for sample in ask(task, asking)}


def test_a_label_that_is_only_thought_of_is_no_answer() -> None:
    task = ClassifyTask(type="classify", dataset="d", ask="generate")
    found = samples(
        task,
        QWEN3,
        ("<think>bad? no.</think>\n\ngood", "stop"),
        ("<think>it must be good", "length"),
        ("good", "stop"),
    )
    assert [found[f"e{i}"].answer for i in range(3)] == ["good", None, "good"]
    assert [found[f"e{i}"].scores["unparsed"] for i in range(3)] == [0, 1, 0]
    assert found["e0"].data == {
        "text": "\n\ngood", "thought": "bad? no.", "thought_finished": True
    }  # fmt: skip
    assert "thought" not in found["e2"].data
    assert counts(sample.data for sample in found.values()) == {"answers": 2, "unfinished": 1}


def test_a_summary_is_graded_without_its_thought_and_an_endless_thought_is_truncated() -> None:
    task = SummarizeTask(type="summarize", dataset="d")
    found = samples(
        task,
        R1,
        ("Hm.\n</think>\n\ngood", "stop"),
        ("Hm. good", "stop"),
        ("</think>good", "length"),
    )
    assert [found[f"e{i}"].answer for i in range(3)] == ["good", "", "good"]
    assert [found[f"e{i}"].scores["rouge1"] for i in range(3)] == [1, 0, 1]
    assert [found[f"e{i}"].scores["truncated"] for i in range(3)] == [0, 1, 1]


def in_words(*targets: str) -> PromptSet:
    """Questions with right answers, for whoever has texts alone."""
    examples = tuple(Example(f"e{i}", f"test {i}", of) for i, of in enumerate(targets))
    data, words = Dataset((), examples, ()), Phrasing("Say: {text}", "{text}:")
    return without_ids(prompts_to_ask(TemplateTokenizer(QWEN3), data, words, None, 0))


def test_how_words_are_read_is_one_rule_for_all_answers_of_a_task() -> None:
    """Two right answers of four are English, and their words are not stemmed either."""
    prompts = in_words("公司增长", "cats", "Öl für Köln", "🙂")
    server = TextsOnly(
        {"Say: test 0": "公司增长", "Say: test 1": "cat", "Say: test 2": "…", "Say: test 3": "🙂"}
    )
    task = SummarizeTask(type="summarize", dataset="d")
    answered = list(ask(task, Asking("key", server, prompts)))
    found = {sample.id: sample for sample in answered}
    assert [found[f"e{i}"].scores["rouge1"] for i in range(4)] == [1, 0, 0, 0]
    assert [WORDLESS in found[f"e{i}"].data for i in range(4)] == [False, False, False, True]
    values = compute_metrics(metrics_of("summarize"), answered, seed=0)
    assert (values["rouge1"].value, values["rouge1"].n) == (1 / 3, 3)
    assert values["truncated"].n is None
    said = WordingDetails.model_validate(details_of(task, answered, prompts)[WORDING])
    assert said == WordingDetails(
        rule="unicode",
        words=8,
        other=7,
        spaced=True,
        wordless=("e3",),
        shown="🙂",
        single=1,
        answers=1,
    )


def test_nothing_is_said_of_words_where_right_answers_are_english() -> None:
    prompts, task = in_words("two cats", "a dog"), SummarizeTask(type="summarize", dataset="d")
    server = TextsOnly({"Say: test 0": "two cat", "Say: test 1": "Катя"})
    answered = list(ask(task, Asking("key", server, prompts)))
    assert {s.id: s.scores["rouge1"] for s in answered} == {"e0": 1, "e1": 0}
    assert WORDING not in details_of(task, answered[:1], prompts)


def without_ids(prompts: PromptSet) -> PromptSet:
    """The same questions for whoever has no tokenizer: messages and text alone."""
    bare = (replace(of, ids=(), target_ids=(), choices=()) for of in prompts.prompts)
    return replace(prompts, prompts=tuple(bare), stop_ids=frozenset())


def put(labels: tuple[str, ...]) -> PromptSet:
    data, words = Dataset(DATA.train, DATA.test, labels), Phrasing("Say: {text}", "{text}:")
    return without_ids(prompts_to_ask(TemplateTokenizer(QWEN3), data, words, None, 0))


def test_labels_and_summaries_are_asked_of_whoever_has_texts_only() -> None:
    server = TextsOnly({"Say: test 0": "Good.", "Say: test 1": "bad", "Say: test 2": "no idea"})
    written = ClassifyTask(type="classify", dataset="d", ask="generate")
    found = {s.id: s for s in ask(written, Asking("key", server, put(DATA.labels)))}
    assert [found[f"e{i}"].answer for i in range(3)] == ["good", "bad", None]
    summed = SummarizeTask(type="summarize", dataset="d")
    found = {s.id: s for s in ask(summed, Asking("key", server, put(())))}
    assert [found[f"e{i}"].scores["rouge1"] for i in range(3)] == [1, 0, 0]
    assert found["e2"].data == {"tokens": 2}


def test_what_is_written_without_ids_or_spaces_is_counted_in_characters() -> None:
    own = without_ids(prompts_to_write(CharTokenizer(chat=False), {"a": "Go on."}, 1))
    task = WriteTask.model_validate({"type": "write", "prompts": ["a"], "max_new_tokens": 20})
    (sample,) = ask(task, Asking("key", TextsOnly({"Go on.": "公司利润公司利润"}), own))
    assert sample.scores["repetition"] == 1 - 4 / 5


def test_what_is_written_without_ids_is_counted_in_words() -> None:
    own = without_ids(prompts_to_write(CharTokenizer(chat=False), {"a": "Go on."}, 1))
    task = WriteTask.model_validate({"type": "write", "prompts": ["a"], "max_new_tokens": 20})
    (sample,) = ask(task, Asking("key", TextsOnly({"Go on.": "a b c d a b c d"}), own))
    assert sample.data == {"tokens": 8}
    assert sample.scores == {"repetition": 1 - 4 / 5, "truncated": 0.0, "empty": 0.0}


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (ClassifyTask(type="classify", dataset="d"), "log-probabilities of given answers"),
        (DivergenceTask(type="divergence", dataset="d", reference="r"), "every next token"),
    ],
)
def test_a_task_that_wants_more_than_texts_is_refused_before_anything_is_asked(
    task: ClassifyTask | DivergenceTask, words: str
) -> None:
    server = TextsOnly({})
    asking = Asking("key", server, put(DATA.labels), reference=server)
    with pytest.raises(CannotAnswerError, match=f"`{task.type}`.*texts-only.*{words}"):
        next(ask(task, asking))
    assert server.sent == []
