"""What a model was, or would be, sent: the very text and ids of one example of one task.

From a suite before anything has run, with no more than the source's tokenizer; from results with the
artifacts that they were made with, as far as those are still there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engines.permissions import Permissions, granted
from harness.errors import InputError
from harness.home import default_home
from harness.nearest import closest, nearest
from harness.plan.places import Places
from harness.plan.steps import Step
from harness.records import Sample
from harness.results.artifacts import ArtifactStore
from harness.results.baselines import suite_of
from harness.results.prompts import prompt_texts
from harness.results.store import ResultsStore, read_summary
from harness.runner.handlers import handler_of
from harness.runner.jobs import StepJob
from harness.runner.run import Options, Prepared, prepare
from harness.runner.showing_tokens import GONE, SERVED, tokenizer_at, tokenizer_of
from harness.suite.lineage import root_of
from harness.suite.schema import SuiteSpec, type_of
from harness.tasks.prompts import Prompt, PromptSet

if TYPE_CHECKING:
    from harness.engines.tokenizer import Tokenizer


@dataclass(frozen=True)
class Tokens:
    """Ids, and the piece of text that each stands for (empty where the tokenizer is not here)."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownPrompt:
    """One example as a model is sent it, and what came back where it was asked."""

    model: str
    task: str
    root: str
    """The source whose tokenizer encoded it."""
    number: int
    """Counted from 1."""
    count: int
    id: str
    mode: str
    """As in `PromptSet.mode`."""
    system: str
    """Where the system message stands (`harness.tasks.turns.Place`)."""
    text: str
    tokens: Tokens
    choices: dict[str, Tokens]
    target: str
    target_tokens: Tokens
    prompt_hash: str
    set_hash: str
    stop_ids: tuple[int, ...]
    stops: tuple[str, ...] = ()
    """Texts that end an answer."""
    answer: dict[str, Any] = field(default_factory=dict)
    """`answer`, `scores` and `data` of the sample; empty where it was not asked yet."""
    note: str = ""

    def as_data(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """The prompts of a task for a lineage, and the tokenizer that wrote them, if it is here."""

    root: str
    prompts: PromptSet
    tokenizer: Tokenizer | None
    samples: Sequence[Sample]
    note: str = ""
    set_hash: str = ""
    """Where the prompts are not what was sent: the hash of what was."""


def show_prompt(where: Path, words: Sequence[str], options: Options) -> ShownPrompt:
    """Finds what was meant, and what was sent.

    Args:
        where: a suite, a results folder, or the folder of a cell in one.
        words: model, task and perhaps the example (its id, or its number from 1); of a cell's
            folder the example alone.
        options: as of a run.

    Raises:
        InputError: no such suite, results, model, task or example; or what would be read to make the
            prompt is not on this machine.
        BadModelError: the model cannot be asked in this way.
    """
    if where.is_dir() and where.parent.parent.name == "cells":
        words = (where.parent.name, where.name, *words)
        where = where.parents[2]
    from_results = where.is_dir() or where.suffix == ".json"
    if from_results:
        spec = suite_of(read_summary(where), where)
    else:
        prepared = prepare(where, options)
        spec = prepared.suite.spec
    model, task = _named(spec, words[:2])
    if from_results:
        found = _in_results(where if where.is_dir() else where.parent, spec, model, task, options)
    else:
        found = _in_suite(prepared, model, task)
    wanted = words[2] if len(words) > 2 else "1"
    prompt, number = _example(found.prompts, wanted)
    return _shown(model, task, found, prompt, number)


def _named(spec: SuiteSpec, words: Sequence[str]) -> tuple[str, str]:
    tasks = [name for name, task in spec.tasks.items() if type_of(task).asked]
    if len(words) < 2:
        raise InputError(
            "which prompt is to be shown?",
            "harness show SUITE_OR_RESULTS MODEL TASK [EXAMPLE]. "
            f"Models: {', '.join(spec.models)}. Tasks: {', '.join(tasks)}.",
        )
    model, task = words
    if model not in spec.models and model in tasks and task in spec.models:
        model, task = task, model
    if model not in spec.models:
        raise InputError(f"there is no model `{model}`", nearest(model, spec.models))
    if task not in spec.tasks:
        raise InputError(f"there is no task `{task}`", nearest(task, tasks))
    if task not in tasks:
        kind = spec.tasks[task].type
        raise InputError(f"`{task}` is a {kind} task and asks nothing", nearest("", tasks))
    return model, task


def _in_suite(prepared: Prepared, model: str, task: str) -> Found:
    plan, root = prepared.plan, root_of(prepared.suite.spec.models, model)
    if (task, root) not in plan.prompts:
        raise InputError(
            f"`{model}` is not asked `{task}`",
            "A divergence task is asked only models of its reference's lineage.",
        )
    step = plan.steps[plan.prompts[task, root]]
    if "tokenizer" not in step.parents:
        return _found_in_suite(prepared, model, task, root, step, None)
    source = prepared.artifacts.file(_here(prepared, plan.steps[step.parents["tokenizer"]]))
    with granted({source: Permissions(**plan.permissions(step.parents["tokenizer"]))}):
        return _found_in_suite(prepared, model, task, root, step, source)


def _found_in_suite(
    prepared: Prepared, model: str, task: str, root: str, step: Step, source: Path | None
) -> Found:
    plan = prepared.plan
    folder = prepared.artifacts.folder(step)
    if prepared.artifacts.manifest(step) is None:
        with tempfile.TemporaryDirectory() as scratch:
            _encode(step, source, prepared.artifacts.places, Path(scratch))
            prompts = PromptSet.read(Path(scratch))
    else:
        prompts = PromptSet.read(folder)
    cell = next((c for c in plan.cells if (c.model, c.task) == (model, task)), None)
    samples = (
        prepared.results.cell(model, task).samples(cell.answers_key) if cell is not None else []
    )
    if source is None:
        return Found(root, prompts, None, samples, SERVED)
    return Found(root, prompts, tokenizer_at(source), samples)


def _here(prepared: Prepared, source: Step) -> Step:
    """The step, if what it gives is on this machine."""
    if not source.row.in_place and prepared.artifacts.manifest(source) is None:
        raise InputError(
            f"to show this, the tokenizer is needed, and it is not here yet ({source.label})",
            f"`harness run {prepared.suite.file}` does that; then this command shows what is sent.",
        )
    return source


def _encode(step: Step, source: Path | None, places: Places, out: Path) -> None:
    job = StepJob(step, {"tokenizer": str(source)} if source else {}, places=places)
    handler_of(step.row)(job, out, 1, lambda *_, **__: None)


def _in_results(folder: Path, spec: SuiteSpec, model: str, task: str, options: Options) -> Found:
    store, root = ResultsStore(folder), root_of(spec.models, model)
    cell = store.cell(model, task).result()
    if cell is None:
        raise InputError(
            f"{folder}: {model} was not asked {task}",
            "Name the suite to see what it would be sent.",
        )
    home = ArtifactStore((options.home or default_home()).absolute())
    kept = {manifest.key: manifest for manifest in store.all_kept()}
    for manifest in kept.values():
        if manifest.kind == "prompts" and manifest.outcome.get("sha256") == cell.prompts:
            prompts = home.home / "artifacts" / "prompts" / manifest.key
            if (prompts / "prompts.json").is_file():
                tokenizer = tokenizer_of(manifest, kept, spec, root)
                note = GONE if "tokenizer" in manifest.parents else SERVED
                samples = store.cell(model, task).samples(cell.samples_key)
                return Found(
                    root, PromptSet.read(prompts), tokenizer, samples, "" if tokenizer else note
                )
    samples, texts = store.cell(model, task).samples(cell.samples_key), store.texts(task)
    kept_texts = prompt_texts(folder, cell.prompts, (), home.home)
    gone = "The prompts" if kept_texts is None else "The prompts' ids"
    note = (
        f"{gone} are no longer in {home.home}. `harness show SUITE {model} {task}`, with the suite's "
        "file, encodes them again."
    )
    shown = texts if kept_texts is None else kept_texts.texts
    kept_alone = PromptSet(
        prompts=tuple(
            Prompt(s.index, s.id, shown.get(s.id, ""), (), s.target or "", ()) for s in samples
        ),
        labels=(),
        stop_ids=frozenset(),
        mode="kept" if kept_texts is None else kept_texts.mode,
        available=len(samples),
        system="none" if kept_texts is None else kept_texts.system,
    )
    return Found(root, kept_alone, None, samples, note, cell.prompts)


def _example(prompts: PromptSet, wanted: str) -> tuple[Prompt, int]:
    for number, prompt in enumerate(prompts.prompts, start=1):
        if prompt.id == wanted:
            return prompt, number
    count = len(prompts.prompts)
    if wanted.isdecimal() and 1 <= int(wanted) <= count:
        return prompts.prompts[int(wanted) - 1], int(wanted)
    close = closest(wanted, [prompt.id for prompt in prompts.prompts])
    hint = f"Did you mean `{close}`? " if close else ""
    raise InputError(
        f"there is no example `{wanted}`", f"{hint}Give an id, or a number from 1 to {count}."
    )


def _shown(model: str, task: str, found: Found, prompt: Prompt, number: int) -> ShownPrompt:
    def tokens(ids: tuple[int, ...]) -> Tokens:
        if found.tokenizer is None:
            return Tokens(ids)
        read = found.tokenizer.decode
        return Tokens(ids, tuple(read([token], keep_special=True) for token in ids))

    asked, gone = found.prompts.sha256_of(prompt), bool(found.set_hash)
    fitting = (s for s in found.samples if s.id == prompt.id and (gone or s.prompt == asked))
    sample = next(fitting, None)
    return ShownPrompt(
        model=model,
        task=task,
        root=found.root,
        number=number,
        count=len(found.prompts.prompts),
        id=prompt.id,
        mode=found.prompts.mode,
        system=found.prompts.system,
        text=prompt.text,
        tokens=tokens(prompt.ids),
        choices={
            label: tokens(ids)
            for label, ids in zip(
                prompt.labels or found.prompts.labels, prompt.choices, strict=True
            )
        },
        target=prompt.target,
        target_tokens=tokens(prompt.target_ids),
        prompt_hash=sample.prompt if sample is not None else asked,
        set_hash=found.set_hash or found.prompts.sha256(),
        stop_ids=tuple(sorted(found.prompts.stop_ids)),
        stops=found.prompts.ending.texts,
        answer=sample.model_dump(include={"answer", "scores", "data"}) if sample else {},
        note=found.note,
    )
