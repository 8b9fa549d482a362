"""Steps that prepare what is learned, and what a task yields without a language model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.data import Phrasing, draw
from harness.data.instructions import TESTED
from harness.data.opening import open_data
from harness.errors import BadDataError
from harness.models.sources import context_tokens
from harness.plan.params import Chat, ExamplesParams, FloorsParams
from harness.records import Learned, TrainingExample
from harness.results.artifacts import TEXTS
from harness.runner.jobs import Progress, StepJob
from harness.suite.schema import Put

if TYPE_CHECKING:
    from harness.engines.chat import ChatSettings
    from harness.tasks.turns import PromptFormat


def chat_settings(job: StepJob, given: Chat | None) -> ChatSettings | None:
    """What the suite says of the lineage's chat template; None where it says nothing.

    Raises:
        BadDataError: the file that holds the template is gone.
    """
    from harness.engines.chat import ChatSettings

    if given is None:
        return None
    own = given.template
    template = read_text(job.places.file(own)) if own is not None else None
    return ChatSettings(template, given.options or {}, given.thinking)


def phrasing(usual: Phrasing, part: Put) -> Phrasing:
    """How a data set is put: in the suite's words where there are any."""
    own = part.prompt
    return usual if own is None else Phrasing(instruction=own, plain=own)


def prompt_format_of(plain: bool, part: Put) -> PromptFormat:
    """The format of prompts, `plain` without a chat template."""
    from harness.tasks.turns import PromptFormat

    in_text = part.shots_as == "text"
    return PromptFormat(plain=plain, system=part.system, shots_in_text=in_text)


def read_text(path: Path) -> str:
    """A text that a suite names, its line ends as they stand.

    Raises:
        BadDataError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        hint = "Put the file that the suite names back, as UTF-8."
        raise BadDataError(f"{path}: the text cannot be read: {error}", hint) from None


def examples(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What a fine-tuning learns from."""
    from harness.engines.tokenizer import open_tokenizer
    from harness.runner.steps.learning import instruction_examples, too_long_words
    from harness.tasks.ask import put
    from harness.tasks.asking import AskedData
    from harness.tasks.prompting import prompts_to_learn

    params = job.step.given(ExamplesParams)
    tokenizer = open_tokenizer(Path(job.inputs["tokenizer"]), chat_settings(job, params.chat))
    learned: list[Learned] = []
    longest = context_tokens(Path(job.inputs["tokenizer"]))
    with (out / job.step.row.file).open("w") as stream:
        for number, part in enumerate(params.sets):
            ref = job.places.data[part.contents]
            info = open_data(ref)
            data, left_out = info.read(), frozenset(part.left_out)
            train = tuple(example for example in data.train if example.id not in left_out)
            kept = AskedData(replace(data, train=train), phrasing(info.phrasing, part))
            asked = put(ref["kind"], kept, part)
            count = too_long = 0
            for prompt in prompts_to_learn(
                tokenizer,
                asked.dataset,
                asked.phrasing,
                limit=params.limit_of(part),
                seed=params.seed,
                prompt_format=prompt_format_of(params.plain, part),
            ):
                example = TrainingExample(prompt.ids, prompt.target_ids, number)
                if part.too_long and longest is not None and len(example) > longest:
                    too_long += 1
                else:
                    _write(stream, example)
                    count += 1
            reasons = {TESTED: len(left_out), too_long_words(longest): too_long}
            learned.append(
                Learned(
                    name=part.dataset,
                    kind="task",
                    rows=len(data.train),
                    left_out={reason: rows for reason, rows in reasons.items() if rows},
                    learned=count,
                )
            )
        for example in instruction_examples(job, tokenizer, learned):
            _write(stream, example)
    if not any(part.learned for part in learned):
        names = ", ".join(part.name for part in learned)
        why = {reason for part in learned for reason in part.left_out}
        raise BadDataError(f"Nothing of {names} is left to learn: {'; '.join(sorted(why))}.")
    return {
        "examples": sum(part.learned for part in learned),
        "left_out": {p.name: p.left_out[TESTED] for p in learned if TESTED in p.left_out},
        "learned": [part.model_dump() for part in learned],
    }


def _write(stream: IO[str], example: TrainingExample) -> None:
    stream.write(f"{json.dumps(vars(example))}\n")


def floors(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What a task yields without a language model."""
    from harness.analysis.floors import choice_floors, classification_floors, summary_floor

    params = job.step.given(FloorsParams)
    data = open_data(job.places.data[params.contents]).read()
    test = draw(data.test, params.limit, params.seed, bool(data.labels))
    if "prompts" in job.inputs:
        texts = json.loads((Path(job.inputs["prompts"]) / TEXTS).read_text(encoding="utf-8"))
        test = [example for example in test if example.id in texts]
    pairs = [(example.text, example.target) for example in test]
    if data.labels:
        train = [(example.text, example.target) for example in data.train]
        floors = classification_floors(train, pairs, params.seed)
    elif test and test[0].choices:
        floors = choice_floors(data.train, test, params.seed)
    else:
        texts, targets = zip(*pairs, strict=True)
        floors = summary_floor(texts, targets, params.seed)
    return {
        name: {metric: value.model_dump() for metric, value in values.items()}
        for name, values in floors.items()
    }
