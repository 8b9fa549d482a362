"""Steps that prepare what is asked and learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.data import Phrasing, draw
from harness.data.instructions import TESTED
from harness.data.opening import open_data
from harness.errors import BadDataError
from harness.plan.params import Chat, ExamplesParams, FloorsParams, PromptsParams
from harness.records import Learned, TrainingExample
from harness.results.artifacts import TEXTS
from harness.runner.jobs import Progress, StepJob
from harness.suite.schema import Put

if TYPE_CHECKING:
    from harness.engines.chat import ChatSettings
    from harness.engines.tokenizer import Tokenizer
    from harness.tasks.prompts import PromptSet
    from harness.tasks.turns import PromptFormat


def prompts(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What a task asks the models of one lineage."""
    from harness.engines.tokenizer import open_tokenizer
    from harness.tasks.ask import put
    from harness.tasks.asking import AskedData
    from harness.tasks.prompting import prompts_to_ask, prompts_to_write, windows_to_read

    params = job.step.given(PromptsParams)
    if params.window:
        windows = windows_to_read(
            open_tokenizer(Path(job.inputs["tokenizer"])),
            read_text(job.places.file(params.text)),
            window=params.window,
            limit=params.limit,
            seed=params.seed,
        )
        windows.write(out)
        return windows.summary()
    tokenizer = open_tokenizer(Path(job.inputs["tokenizer"]), chat_settings(job, params.chat))
    if params.prompts:
        texts, prompt_format = dict(params.prompts), prompt_format_of(params.plain, params)
        own = prompts_to_write(tokenizer, texts, params.available, prompt_format)
        return _keep(own, texts, tokenizer, out)
    ref = job.places.data[params.contents]
    info = open_data(ref)
    dataset = info.read()
    asked = put(ref["kind"], AskedData(dataset, phrasing(info.phrasing, params)), params)
    prompts = prompts_to_ask(
        tokenizer,
        asked.dataset,
        asked.phrasing,
        limit=params.limit,
        seed=params.seed,
        shots=params.shots,
        prompt_format=prompt_format_of(params.plain, params),
    )
    drawn = {prompt.id for prompt in prompts.prompts}
    texts = {example.id: example.text for example in dataset.test if example.id in drawn}
    return _keep(prompts, texts, tokenizer, out)


def _keep(
    prompts: PromptSet, texts: dict[str, str], tokenizer: Tokenizer, out: Path
) -> dict[str, Any]:
    """Writes what is asked, and by example id the text that it is about."""
    from harness.models.parity.legible import unknown_share

    prompts.write(out)
    (out / TEXTS).write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    return {
        **prompts.summary(),
        "thinks": how_it_thinks(tokenizer.chat_template, prompts),
        "unknown": unknown_share(tokenizer, (prompt.ids for prompt in prompts.prompts)),
    }


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


def how_it_thinks(template: str | None, prompts: PromptSet) -> str:
    """`opened` where the template begins a thought, `may` where it lets the model begin one, or ""."""
    from harness.engines.chat import SWITCHES, variables_of
    from harness.engines.reasoning import MARKS, open_mark

    if template is None or prompts.mode != "chat" or not prompts.prompts:
        return ""
    text = prompts.prompts[0].text
    if open_mark(text) is not None:
        return "opened"
    closed = any(text.rstrip().endswith(closer) for _, closer in MARKS)
    return "may" if not closed and variables_of(template) & set(SWITCHES) else ""


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
    from harness.runner.steps.learning import instruction_examples
    from harness.tasks.ask import put
    from harness.tasks.asking import AskedData
    from harness.tasks.prompting import prompts_to_learn

    params = job.step.given(ExamplesParams)
    tokenizer = open_tokenizer(Path(job.inputs["tokenizer"]), chat_settings(job, params.chat))
    learned: list[Learned] = []
    with (out / job.step.row.file).open("w") as stream:
        for part in params.sets:
            ref = job.places.data[part.contents]
            info = open_data(ref)
            data, left_out = info.read(), frozenset(part.left_out)
            train = tuple(example for example in data.train if example.id not in left_out)
            kept = AskedData(replace(data, train=train), phrasing(info.phrasing, part))
            asked = put(ref["kind"], kept, part)
            count = 0
            for prompt in prompts_to_learn(
                tokenizer,
                asked.dataset,
                asked.phrasing,
                limit=params.limit_of(part),
                seed=params.seed,
                prompt_format=prompt_format_of(params.plain, part),
            ):
                _write(stream, TrainingExample(prompt.ids, prompt.target_ids))
                count += 1
            tested = {TESTED: len(left_out)} if left_out else {}
            learned.append(
                Learned(
                    name=part.dataset,
                    kind="task",
                    rows=len(data.train),
                    left_out=tested,
                    learned=count,
                )
            )
        for example in instruction_examples(job, tokenizer, learned):
            _write(stream, example)
    if not any(part.learned for part in learned):
        names = ", ".join(part.name for part in learned)
        reasons = {reason for part in learned for reason in part.left_out}
        raise BadDataError(f"Nothing of {names} is left to learn: {'; '.join(sorted(reasons))}.")
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
