"""Questions with choices of their own: how they are put, what is likeliest, and a whole suite of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.data import Dataset, Example
from harness.data.own import AS_IT_IS
from harness.errors import BadDataError
from harness.records import Sample
from harness.suite.problems import SuiteError
from harness.suite.schema import Put
from harness.suite.schema.tasks.multiple_choice import MultipleChoiceTask
from harness.tasks.ask import ask, put
from harness.tasks.asking import AskedData, Asking
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.prompts import PromptSet
from harness.tasks.turns import PromptFormat
from tests.pipeline.conftest import Place
from tests.pipeline.in_process import run_here
from tests.tasks.fakes import CharTokenizer, FakeEngine, answerer

DATA = Dataset(
    train=(Example("t", "What burns?", "wood", ("iron", "wood", "water")),),
    test=(Example("e", "What melts?", "ice", ("ice", "sandstone")),),
    labels=(),
)
TASK = {"type": "multiple_choice", "dataset": {"file": "q.csv", "prompt": "p", "target": "t"}}
SUITE = """\
name: questions
models:
  base: {source: starter, dtype: float32}
tasks:
  letters:
    type: multiple_choice
    dataset: &data
      file: questions.csv
      prompt: "{{ question }}"
      choices: ["{{ a }}", "{{ b }}", "{{ c }}"]
      target: "{{ row[answer] }}"
    shots: 1
  texts: {type: multiple_choice, dataset: *data, answer_with: texts, normalize: bytes, limit: 4}
gates:
  - {models: [base], task: letters, metric: accuracy, min: 0}
"""


def asked(answer_with: str, shots: int = 0, plain: bool = True) -> PromptSet:
    data = put(
        "multiple_choice",
        AskedData(DATA, AS_IT_IS),
        Put.model_validate({"answer_with": answer_with}),
    )
    how = PromptFormat(plain=plain)
    return prompts_to_ask(CharTokenizer(), data.dataset, data.phrasing, None, 0, shots, how)


def answered(found: PromptSet, scores: tuple[float, ...], **keys: str) -> Sample:
    engine = FakeEngine({prompt.ids: scores for prompt in found.prompts})
    task = MultipleChoiceTask.model_validate({**TASK, **keys})
    return next(iter(ask(task, Asking("key", answerer(engine), found))))


def test_letters_stand_before_the_choices_and_are_answered_as_mmlu_is_asked() -> None:
    prompt = asked("letters", shots=1).prompts[0]
    assert prompt.text == (
        "What burns?\nA. iron\nB. wood\nC. water\nAnswer: B\n\n"
        "What melts?\nA. ice\nB. sandstone\nAnswer:"
    )
    assert (prompt.labels, prompt.continuations) == (("A", "B"), (" A", " B"))
    assert prompt.target == "A"


def test_a_chat_model_is_told_to_answer_with_a_letter() -> None:
    prompt = asked("letters", plain=False).prompts[0]
    assert prompt.messages[0]["content"].endswith("\n\nAnswer with the letter of the right choice.")
    assert prompt.continuations == ("A", "B")


def test_texts_go_on_with_the_question() -> None:
    prompt = asked("texts").prompts[0]
    assert (prompt.text, prompt.continuations) == ("What melts?", (" ice", " sandstone"))


def test_the_likeliest_letter_is_the_answer_and_the_first_of_equals() -> None:
    sample = answered(asked("letters"), (-2.0, -1.0))
    assert (sample.answer, sample.target, sample.scores) == ("B", "A", {"accuracy": 0.0})
    assert sample.data["logprobs"] == {"A": -2.0, "B": -1.0}
    assert answered(asked("letters"), (-1.0, -1.0)).answer == "A"


def test_long_texts_are_at_a_disadvantage_unless_bytes_are_counted() -> None:
    scores = (-3.0, -6.0)  # of 3 and of 9 bytes
    assert answered(asked("texts"), scores, answer_with="texts").answer == "ice"
    sample = answered(asked("texts"), scores, answer_with="texts", normalize="bytes")
    assert (sample.answer, sample.scores["accuracy"]) == ("sandstone", 0.0)


def test_letters_have_no_length_to_normalize_by() -> None:
    with pytest.raises(ValidationError, match="letters are all as long"):
        MultipleChoiceTask.model_validate({**TASK, "normalize": "bytes"})


def test_more_choices_than_letters_are_refused_by_example() -> None:
    many = Example("e", "?", "1", tuple(map(str, range(27))))
    with pytest.raises(BadDataError, match="example e has 27 choices"):
        put(
            "multiple_choice",
            AskedData(Dataset((), (many,), ()), AS_IT_IS),
            Put(answer_with="letters"),
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    with (tmp_path / "questions.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("question", "a", "b", "c", "answer"))
        for number in range(30):
            choices = (f"{number} of them", f"about {number + 1}", "" if number % 2 else "none")
            rows.writerow((f"How many are {number}?", *choices, "ab"[number % 2]))
    (tmp_path / "questions.yaml").write_text(SUITE)
    return Place(tmp_path, tmp_path / "questions.yaml")


def test_a_suite_asks_and_reports_them(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run_here(monkeypatch)
    outcome, notes = place.run()
    assert notes.failures == {}
    letters, texts = (outcome.summary.tasks[name] for name in ("letters", "texts"))
    assert "\nB. about " in letters.example_prompt and "about" not in texts.example_prompt
    assert set(letters.floors) == {"chance", "position"}
    assert 1 / 3 <= (letters.floors["chance"]["accuracy"].value or 0) <= 1 / 2
    cells = {cell.task: cell for cell in outcome.summary.cells}
    assert {name: cell.status for name, cell in cells.items()} == {"letters": "ok", "texts": "ok"}
    assert cells["texts"].n == 4 and set(cells["letters"].metrics) == {"accuracy"}
    again, _ = place.run()
    assert again.summary.cells == outcome.summary.cells


def test_a_table_without_choices_is_refused_before_anything_runs(place: Place) -> None:
    lines = [line for line in SUITE.splitlines() if "choices:" not in line]
    place.suite.write_text("\n".join(lines))
    with pytest.raises(SuiteError, match="a `multiple_choice` task needs `choices`"):
        place.run()
