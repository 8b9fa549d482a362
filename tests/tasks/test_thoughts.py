"""What is thought is no part of the answer; a thought without an end leaves none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import Dataset, Example, Phrasing
from harness.engines.protocol import Generation
from harness.records import Sample
from harness.suite.schema import ClassifyTask, SummarizeTask
from harness.tasks.asking import Asking, ask
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.thoughts import Written, counts, part
from tests.tasks.fakes import FIRST, CharTokenizer, FakeEngine
from tests.tasks.templates import QWEN3, R1, TemplateTokenizer

TOKENIZER = CharTokenizer()
TEXT = st.text(st.characters(codec="ascii", exclude_characters="<>[]"), max_size=20)


def parted(text: str, prompt: str = "<assistant>") -> Written:
    ids = tuple(FIRST + ord(character) for character in text)
    return part(prompt, ids, TOKENIZER.decode, TOKENIZER.decode)


@given(TEXT, TEXT)
def test_thought_and_answer_are_parted_however_the_thought_was_opened(
    thought: str, answer: str
) -> None:
    expected = Written(answer, thought.strip())
    assert parted(f"<think>{thought}</think>{answer}") == expected
    assert parted(f"{thought}</think>{answer}", "<assistant><think>\n") == expected
    assert parted(f"<think>{thought}</think>{answer}", "<assistant><think>\n") == expected
    assert parted(f"[THINK]{thought}[/THINK]{answer}") == expected


@given(TEXT)
def test_an_answer_without_a_thought_is_left_as_it_is(answer: str) -> None:
    assert parted(answer) == Written(answer)
    assert parted(answer, "<assistant><think>\n\n</think>\n\n") == Written(answer)


def test_a_thought_without_an_end_leaves_no_answer() -> None:
    assert parted("<think>good, bad") == Written("", "good, bad", finished=False)
    assert parted("good", "<assistant><think>\n") == Written("", "good", finished=False)


def test_a_mark_that_an_answer_merely_quotes_parts_nothing() -> None:
    quoted = "HTML has no </think>."
    assert parted(quoted) == Written(quoted)


@pytest.mark.parametrize("closer", [(7,), (7, 8)])
def test_marks_that_are_special_tokens_are_found_where_the_text_hides_them(
    closer: tuple[int, ...],
) -> None:
    pieces = {6: "<think>", 7: "</think>" if len(closer) == 1 else "</thi", 8: "nk>"}

    def marked(ids: tuple[int, ...]) -> str:
        return "".join(pieces.get(i) or chr(i - FIRST) for i in ids)

    ids = (6, FIRST + ord("a"), *closer, FIRST + ord("b"))
    assert part("", ids, TOKENIZER.decode, marked) == Written("b", "a")


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
    engine = FakeEngine(texts=said)
    asking = Asking("key", engine, 0, prompts, decode=TOKENIZER.decode)
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


def test_where_nothing_is_thought_nothing_is_counted() -> None:
    assert counts([{}, {"text": "x"}]) == {}
