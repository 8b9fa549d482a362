"""Training examples as token ids, read from disk.

Examples come encoded, so that training sees the very ids that evaluation will ask with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import BadDataError, PromptTooLongError
from harness.records import TrainingExample


def read_examples(path: Path, vocab_size: int, context_length: int) -> list[TrainingExample]:
    """The examples of a JSON-lines file with `prompt_ids` and `target_ids`.

    Raises:
        BadDataError: no examples, a line that is not one, or ids that the model does not have.
        PromptTooLongError: examples that exceed the context; they are never cut.
    """
    with path.open(encoding="utf-8") as lines:
        examples = [
            _example(json_line, f"{path.name}:{number}", vocab_size)
            for number, json_line in enumerate(lines, start=1)
            if json_line.strip()
        ]
    if not examples:
        raise BadDataError(f"{path.name} holds no training examples.")
    too_long = [len(example) for example in examples if len(example) > context_length]
    if too_long:
        raise PromptTooLongError(
            f"{len(too_long)} of {len(examples)} training examples exceed the model's context of "
            f"{context_length} tokens; the longest has {max(too_long)}.",
            "`too_long: leave_out` in the task leaves them out; or shorten its prompt, or take a model "
            "with a longer context. Examples are never cut.",
        )
    return examples


def _example(json_line: str, where: str, vocab_size: int) -> TrainingExample:
    try:
        row = json.loads(json_line)
        ids = _ids(row["prompt_ids"]), _ids(row["target_ids"])
        example = TrainingExample(*ids, part=int(row.get("part", 0)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDataError(
            f"{where} is not a training example: {error!r}.",
            'Each line is {"prompt_ids": [...], "target_ids": [...]}.',
        ) from error
    if not example.prompt_ids or not example.target_ids:
        raise BadDataError(f"{where} has an empty prompt or an empty answer.")
    outside = [i for i in example.prompt_ids + example.target_ids if not 0 <= i < vocab_size]
    if outside:
        raise BadDataError(
            f"{where} has the token id {outside[0]}, but the model's ids end at {vocab_size - 1}.",
            "The examples were encoded with another model's tokenizer.",
        )
    return example


def _ids(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise TypeError("token ids are a list of integers")
    return tuple(value)
