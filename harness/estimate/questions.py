"""What a cell asks its model, and what its process has loaded to grade the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.need import MIB
from harness.estimate.work import Computation, asking_work
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.suite.schema import LoadTask, SpeedTask, TaskSpec, type_of
from harness.tasks.divergence import rows_at_once

STATISTICS = {"hf": 108 * MIB, "llamacpp": 152 * MIB}
"""Bootstrap, intervals, agreement: scipy and scikit-learn. Measured, as what follows, in fresh processes
(Python 3.11, scikit-learn 1.7, scipy 1.16, torch 2.13); Transformers has some of it already."""
TOKENIZER = {"hf": 12 * MIB, "llamacpp": 280 * MIB}
"""Of what was written: Transformers' tokenizers, and torch with them."""
ROUGE = DIVERGENCE = 25 * MIB


def ask_of(step: Step, asked: Ask, vocabulary: int) -> Ask:
    """What a cell or a `precision` step asks a model of so many ids; `asked` are its prompts."""
    task = step.params.task if isinstance(step.params, CellParams) else None
    if task is None or "distributions" in task.needs:
        rows = rows_at_once(vocabulary)
        return replace(asked, kind="distributions", shared_tokens=0, rows=rows)
    asked = replace(asked, shared_tokens=min(asked.shared_tokens, asked.prompt_tokens - 1))
    if "generate" not in task.needs:
        return asked
    return replace(
        asked, kind="generate", new_tokens=int(task.settings()["max_new_tokens"]), scored=1
    )


def timed_ask(step: Step) -> Ask:
    """As long as any sequence that is timed; llama.cpp makes a context for no more of them."""
    asked = step.given(CellParams).task
    if type_of(asked).times == "requests":
        load = LoadTask.model_validate(asked)
        users = max(int(level.load) if level.loop == "closed" else 1 for level in load.levels)
        return Ask("generate", users, load.prompt_tokens + load.new_tokens)
    task = SpeedTask.model_validate(asked)
    length, width = (
        max(task.depths) + max(*task.prompt_tokens, task.new_tokens),
        max(task.batch_sizes),
    )
    return Ask("choose" if "gguf" in step.parents else "generate", width, length)


def timed_work(step: Step, model: HfModel | GgufModel) -> Computation | None:
    """Of the repetitions that fall to a round of a timed cell, or to the cell as its last round; None of
    a server's, whose own pace it is."""
    params = step.given(CellParams)
    if type_of(params.task).times == "requests":
        return None
    task = SpeedTask.model_validate(params.task)
    number = params.round or len(task.shares)
    once = Computation()
    for depth in task.depths:
        for tokens in task.prompt_tokens:
            once += asking_work(model, Ask("choose", 1, tokens + depth, depth))
        for width in task.batch_sizes:
            ask = Ask("generate", width, depth + 1, depth, new_tokens=task.new_tokens)
            once += asking_work(model, ask, slots=width)
    times = task.shares[number - 1] + 1
    return Computation(times * once.operations, times * once.read_bytes, times * once.layers)


def grading_bytes(engine: str, tasks: Iterable[TaskSpec]) -> Iterator[int]:
    """What a process has loaded beside its engine after each of these tasks: all that came before stays."""
    statistics = rouge = tokenizer = 0
    for task in tasks:
        of = type_of(task)
        statistics = statistics if of.has_reference else STATISTICS[engine]
        rouge = ROUGE if any(name.startswith("rouge") for name in of.metrics) else rouge
        tokenizer = TOKENIZER[engine] if "generate" in task.needs else tokenizer
        yield (statistics or DIVERGENCE) + rouge + tokenizer
