"""What a fine-tuning learns from files of instructions, encoded, and what was left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.instruction_refs import draw_instructions, open_instructions
from harness.data.instructions import TESTED, Instructions
from harness.models.sources import context_tokens
from harness.plan.params import ExamplesParams
from harness.records import Learned, TrainingExample
from harness.runner.jobs import StepJob

if TYPE_CHECKING:
    from harness.engines.tokenizer import Tokenizer


def instruction_examples(
    job: StepJob, tokenizer: Tokenizer, learned: list[Learned]
) -> Iterator[TrainingExample]:
    """What is learned of each file, in order; `learned` is told what of each.

    Raises:
        BadDataError: a file is not what it was when the suite was read.
        BadModelError: the model's chat template refuses a conversation.
    """
    from harness.tasks.instructing import Instructor

    params = job.step.given(ExamplesParams)
    if not params.instructions:
        return
    instructor = Instructor(tokenizer, params.plain)
    longest = context_tokens(Path(job.inputs["tokenizer"]))
    for number, part in enumerate(params.instructions, start=len(params.sets)):
        ref = job.places.data[part.contents]
        found = open_instructions(ref, part.contents)
        left_out = set(part.left_out)
        kept = tuple(row for row in found.rows if row.id not in left_out)
        count = too_long = 0
        for row in draw_instructions(kept, params.limit, params.seed):
            example = replace(instructor.example(row), part=number)
            if longest is not None and len(example) > longest:
                too_long += 1
            else:
                count += 1
                yield example
        learned.append(_learned(ref["name"], found, len(left_out), too_long, longest, count))


def too_long_words(longest: int | None) -> str:
    """Why a row is not learned that is longer than the model's context."""
    return f"longer than the model's {longest} tokens"


def _learned(
    name: str, found: Instructions, tested: int, too_long: int, longest: int | None, count: int
) -> Learned:
    reading = found.reading
    reasons: dict[str, Any] = {dropped.reason: dropped.rows for dropped in reading.dropped}
    reasons |= {TESTED: tested, too_long_words(longest): too_long}
    return Learned(
        name=name,
        kind="instructions",
        rows=reading.read["train"],
        left_out={reason: rows for reason, rows in reasons.items() if rows},
        learned=count,
    )
