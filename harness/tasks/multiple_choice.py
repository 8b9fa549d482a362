"""Multiple choice: the log-likelihood of each choice's letter, or of its text, behind the question.

Letters as MMLU is asked (arXiv 2009.03300): the choices stand in the prompt, a line each. Texts as ARC
and HellaSwag are: each choice goes on with the question, perhaps normalized by its length, as acc_norm
of lm-evaluation-harness is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from string import ascii_uppercase

from harness.data import Example, Phrasing
from harness.errors import BadDataError
from harness.records import Sample
from harness.suite.schema.tasks.multiple_choice import MultipleChoiceTask
from harness.suite.schema.tasks.put import Put
from harness.tasks.asking import AskedData, Asking
from harness.tasks.choosing import WAYS, WHOLE, choose

WRITTEN_TOKENS = 12
"""Of an answer that is written because it cannot be scored, as in `classify`."""


def put(data: AskedData, how: Put) -> AskedData:
    """The questions with their choices listed and the right letter for a target, or as they are.

    Raises:
        BadDataError: a question has more choices than there are letters.
    """
    if how.answer_with == "texts":
        return data
    whole = data.dataset
    lettered = replace(
        whole,
        train=tuple(map(_lettered, whole.train)),
        test=tuple(map(_lettered, whole.test)),
        validation=tuple(map(_lettered, whole.validation)),
    )
    words = Phrasing(
        instruction=f"{data.phrasing.instruction}\n\nAnswer with the letter of the right choice.",
        plain=f"{data.phrasing.plain}\nAnswer:",
    )
    return AskedData(lettered, words)


def _lettered(example: Example) -> Example:
    letters = tuple(ascii_uppercase[: len(example.choices)])
    if len(letters) < len(example.choices):
        raise BadDataError(
            f"example {example.id} has {len(example.choices)} choices, and there are "
            f"{len(letters)} letters",
            "Set `answer_with: texts`.",
        )
    pairs = zip(letters, example.choices, strict=True)
    listed = "".join(f"\n{letter}. {choice}" for letter, choice in pairs)
    right = letters[example.choices.index(example.target)]
    return replace(example, text=f"{example.text}{listed}", target=right, choices=letters)


def ask(task: MultipleChoiceTask, asking: Asking) -> Iterator[Sample]:
    """The likeliest choice; letters, which stand in the prompt, can be told in other ways, too.

    Raises:
        EndpointError: texts cannot be scored.
    """
    may = WHOLE if task.answer_with == "texts" else WAYS
    return choose(task.type, asking, WRITTEN_TOKENS, may, by_bytes=task.normalize == "bytes")
