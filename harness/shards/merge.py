"""Joins the results of a suite's shards: what they answered and found is put together, and judged as one run's.

Nothing but their folders is needed: neither models nor data, nor the suite's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError
from harness.files import check_inside, sweep
from harness.locks import held
from harness.plan.graph import Plan
from harness.records import Cell, Spent, Summary
from harness.records.shards import NOTE
from harness.records.summary import results_name
from harness.results.prompts import take_prompts
from harness.results.store import ResultsStore
from harness.results.strays import check_results
from harness.runner.claim import LOCK
from harness.runner.lending import copy_cell
from harness.runner.summarize import Summarizer
from harness.sealed import ChangedError
from harness.shards.outline import Outline, read_outline

CellName = tuple[str, str]
"""Model and task."""


@dataclass(frozen=True)
class Source:
    """The results of a shard."""

    outline: Outline
    store: ResultsStore

    @property
    def words(self) -> str:
        """What it is called."""
        return f"{self.store.folder} (shard {self.outline.shard.words})"


@dataclass(frozen=True)
class Merged:
    """What came of a merge."""

    folder: Path
    summary: Summary
    missing: Sequence[tuple[str, Sequence[CellName]]]
    """Shards that lack cells, in words, each with the cells."""
    warnings: Sequence[str]


def merge(folders: Sequence[Path], into: Path | None) -> Merged:
    """Joins shards into one results folder, which may hold what an earlier merge put there.

    Args:
        folders: results/<suite>@shard-<i>-of-<n> of each.
        into: results/<suite>; None: beside the first.

    Raises:
        InputError: a folder is no shard's, or of another suite, or was damaged; or two shards hold unlike
            answers to the same.
    """
    sources = [_source(folder) for folder in folders]
    warnings = list(_check_alike(sources))
    first = sources[0].outline
    try:
        suite = first.suite()
        plan = first.plan()
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise InputError(
            f"{folders[0] / NOTE}: no suite of this version: {said}", RUN_AGAIN
        ) from None
    into = into or _beside(folders[0]) / results_name(suite.spec.name, first.limit)
    if into.resolve() in {folder.resolve() for folder in folders}:
        raise InputError(f"--into {into}: one of the shards", "Name another folder.")
    check_inside(into, into.parent)
    check_results(into)
    target = ResultsStore(into)
    chosen = _chosen(plan, [ResultsStore(into), *(source.store for source in sources)])
    with held(into / LOCK, f"merging {len(sources)} shards"):
        sweep(into)
        for (model, task), store in chosen.items():
            if store.folder != into:
                copy_cell(store.cell(model, task).folder, target.cell(model, task).folder)
        _take_findings(plan, target, sources)
        summary = _summary(sources, Summarizer(
            suite, plan, target, first.describe, _seconds(sources), first.limit, _spent(sources),
        ))  # fmt: skip
        target.write_summary(summary)
    warnings += [line for source in sources for line in source.store.damaged.lines()]
    return Merged(into, summary, _missing(first, chosen, sources), warnings)


RUN_AGAIN = "Give the shard's command again: it keeps what is answered."


def _beside(folder: Path) -> Path:
    """The folder of all results, as its user would write it."""
    return folder.parent if folder.name not in ("", "..") else folder.absolute().parent


def _source(folder: Path) -> Source:
    check_results(folder)
    try:
        outline = read_outline(folder)
    except FileNotFoundError:
        raise InputError(
            f"{folder}: no results of a shard",
            "Give the folders that `harness run SUITE --shard I/N` wrote, such as results/SUITE@shard-*.",
        ) from None
    except ChangedError as error:
        raise InputError(f"{folder / NOTE} {error}", RUN_AGAIN) from None
    return Source(outline, ResultsStore(folder))


def _check_alike(sources: Sequence[Source]) -> Iterator[str]:
    """Refuses shards of unlike suites; warns of other versions."""
    first = sources[0]
    for other in sources[1:]:
        mine, theirs = first.outline, other.outline
        unlike = (
            "another suite" if mine.text != theirs.text or mine.spec != theirs.spec
            else "another --limit" if mine.limit != theirs.limit
            else "other models, data or versions of what answers" if mine.cells != theirs.cells
            or mine.division.key != theirs.division.key
            else ""
        )  # fmt: skip
        if unlike:
            raise InputError(
                f"{other.words} is of {unlike} than {first.words}",
                "Shards are merged that the same suite, data and software made.",
            )
        differs = [
            f"{name} {mine.software.get(name, 'none')} and {version}"
            for name, version in theirs.software.items()
            if mine.software.get(name) != version
        ]
        if differs:
            yield f"{first.words} and {other.words} were made by other software: {', '.join(differs)}"


def _chosen(plan: Plan, stores: Sequence[ResultsStore]) -> dict[CellName, ResultsStore]:
    """Where each cell stands answered, else where it failed; cells that stand nowhere are left out.

    Raises:
        InputError: two folders hold unlike answers of one cell.
    """
    found: dict[CellName, ResultsStore] = {}
    for step in plan.cells:
        held: list[tuple[ResultsStore, Cell]] = []
        for store in stores:
            cell = store.cell(step.model, step.task).result(thoroughly=True)
            if cell is not None and cell.key == step.key:
                held.append((store, cell))
        answered = [(store, cell) for store, cell in held if cell.status == "ok"]
        for store, cell in answered[1:]:
            _refuse_unlike(answered[0], (store, cell))
        if answered or held:
            found[step.model, step.task] = (answered or held)[0][0]
    return found


def _refuse_unlike(one: tuple[ResultsStore, Cell], other: tuple[ResultsStore, Cell]) -> None:
    cell = one[1]
    if cell.machine or other[1].machine:  # what is timed is never timed alike
        return
    given = [
        [
            (of.index, of.id, of.answer, of.prompt, of.scores)
            for of in store.cell(cell.model, cell.task).samples(of_cell.samples_key)
        ]
        for store, of_cell in (one, other)
    ]
    if given[0] != given[1]:
        raise InputError(
            f"{one[0].folder} and {other[0].folder} hold unlike answers of {cell.model}/{cell.task}",
            "Leave one of them out, or remove the cell's folder from it.",
        )


def _take_findings(plan: Plan, target: ResultsStore, sources: Sequence[Source]) -> None:
    """What steps found, the texts of prompts, and those that tasks ask about."""
    for step in plan.steps.values():
        kept = (source.store.kept(step) for source in sources)
        made = next((of for of in kept if of is not None), None)
        if made is not None and made.key == step.key and target.kept(step) is None:
            target.keep(made)
    for cell in plan.cells:
        result = target.cell(cell.model, cell.task).result()
        for source in sources:
            if result is not None and result.key == cell.key and result.prompts:
                take_prompts(target.folder, source.store.folder, result.prompts)
            texts = source.store.texts(cell.task)
            if texts and not target.texts(cell.task):
                target.keep_texts(cell.task, texts)


def _seconds(sources: Sequence[Source]) -> float:
    """Of all shards together, as if one after the other."""
    summaries = (source.store.summary() for source in sources)
    return sum(of.seconds for of in summaries if of is not None)


def _spent(sources: Sequence[Source]) -> list[Spent]:
    """What was paid: a ledger that shards share is told by each, and the latest says most."""
    found: dict[tuple[str, str], Spent] = {}
    for source in sources:
        summary = source.store.summary()
        for one in summary.spent if summary is not None else ():
            known = found.get((one.model, one.currency))
            if known is None or known.paid + known.open < one.paid + one.open:
                found[one.model, one.currency] = one
    return sorted(found.values(), key=lambda of: (of.model, of.currency, Decimal(of.paid)))


def _summary(sources: Sequence[Source], summarizer: Summarizer) -> Summary:
    """As of one run, on the machine and by the software of the first shard."""
    first, commands = sources[0].outline, list[str]()
    for source in sources:
        summary = source.store.summary()
        commands += summary.commands if summary is not None else []
    made = summarizer.summary(list(dict.fromkeys(commands)))
    told = {"machine": first.machine, "software": first.software}
    return made.model_copy(
        update=told | {"suite": made.suite | {"key": first.division.key, "spec": first.spec}}
    )


def _missing(
    first: Outline, chosen: Mapping[CellName, ResultsStore], sources: Sequence[Source]
) -> list[tuple[str, list[CellName]]]:
    """The shards of which cells are missing, with those cells."""
    given = {source.outline.shard.number: source for source in reversed(sources)}
    found = []
    for number, cells in enumerate(first.division.shards, start=1):
        left = [name for name in cells if name not in chosen]
        if left:
            source, of = given.get(number), len(first.division.shards)
            words = f"shard {number}/{of}, whose folder was not given"
            found.append((words if source is None else source.words, left))
    return found
