"""A shard of a suite: the part of its cells that one command of a job array runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.errors import InputError
from harness.plan.steps import Step
from harness.quantities import plural
from harness.records.shards import MOST_SHARDS, SHARDED, Shard
from harness.records.summary import results_name
from harness.runner.run import Options, Prepared, prepare
from harness.runner.summarize import plan_key
from harness.sealed import ChangedError
from harness.shards.division import divide, left_to_others, units_of
from harness.shards.outline import (
    Division,
    outline_of,
    read_division,
    read_outline,
    write_outline,
)
from harness.shards.weights import weigh_on


@dataclass(frozen=True)
class Part:
    """A suite of which one shard is to be done."""

    prepared: Prepared
    """With the cells of the shard alone."""
    division: Division | None = None
    """None where the whole suite is done."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """Of all steps that the shard's cells have to do with: its own, and shared ones."""
        plan, cells = self.prepared.plan, self.prepared.cells
        found = {key for cell in cells for key in plan.models[cell.model].checks}
        found |= {plan.floors[cell.task] for cell in cells if cell.task in plan.floors}
        found |= {plan.precision[c.task].step for c in cells if c.task in plan.precision} - {""}
        found -= self.prepared.left_out
        return frozenset(found.union(plan.ancestors(*cells, *(plan.steps[key] for key in found))))

    def note(self) -> None:
        """Writes beside the results how the suite was divided."""
        shard, folder = self.prepared.shard, self.prepared.results.folder
        if self.division is not None and shard is not None:
            outline = outline_of(self.prepared, shard, self.division)
            try:
                if read_outline(folder) == outline:
                    return
            except (OSError, ChangedError):
                pass
            write_outline(folder, outline)


def shard_of(text: str) -> Shard:
    """A shard from the words of `--shard`.

    Raises:
        InputError: they are none.
    """
    number, _, count = text.partition("/")
    try:
        if not (text.isascii() and number.isdigit() and count.isdigit()):
            raise ValueError
        return Shard(number=int(number), of=int(count))
    except ValueError:
        raise InputError(
            f"--shard {text}: no shard",
            "Say which, from 1, and of how many: --shard 2/4 is the second of four. There may be up to "
            f"{MOST_SHARDS:,}.",
        ) from None


def prepare_part(file: Path, options: Options) -> Part:
    """Reads and plans a suite, and of a shard picks the cells; runs nothing.

    The division follows from the suite, its data and the shapes of its models, so that every shard finds the same. Where
    another shard has noted one beside this one's results, that is taken.

    Raises:
        SuiteError: the suite has mistakes.
        InputError: as `harness.runner.run.prepare`.
    """
    prepared, shard = prepare(file, options), options.shard
    if shard is None:
        return Part(prepared)
    by_name = {(cell.model, cell.task): cell for cell in prepared.plan.cells}
    key = plan_key(prepared.suite, prepared.plan)
    division = _noted(prepared, shard, key, set(by_name))
    if division is None:
        weigh = weigh_on(prepared, may_ask=options.may_fetch)
        found = divide(units_of(prepared.plan, weigh), shard.of, weigh)
        division = Division(key=key, shards=[_named(cells, prepared) for cells in found])
    shards = [[by_name[name] for name in names] for names in division.shards]
    mine = set(division.shards[shard.number - 1])
    cells = tuple(cell for cell in prepared.cells if (cell.model, cell.task) in mine)
    references = {
        name: task.held_against
        for name, task in prepared.suite.spec.tasks.items()
        if task.held_against is not None
    }
    others = left_to_others(prepared.plan, shards, shard.number, references)
    needed = {*prepared.plan.ancestors(*cells), *(cell.key for cell in cells)}
    again = tuple(
        step
        for step in prepared.again
        if ((step.model, step.task) in mine if step.kind == "cell" else step.key in needed)
    )
    return Part(replace(prepared, cells=cells, again=again, left_out=others), division)


def told(part: Part) -> list[str]:
    """A line on what the shard has of the suite; none where the whole suite is done."""
    shard, division = part.prepared.shard, part.division
    if shard is None or division is None:
        return []
    mine = division.shards[shard.number - 1]
    total = sum(map(len, division.shards))
    if not mine:
        filled = sum(bool(names) for names in division.shards)
        parts = plural(filled, "part")
        return [f"Shard {shard.words} has nothing to do: the suite is divided into {parts}."]
    models = ", ".join(dict.fromkeys(model for model, _ in mine))
    return [f"Shard {shard.words}: {len(mine)} of {plural(total, 'cell')}, of {models}."]


def _named(cells: Sequence[Step], prepared: Prepared) -> list[tuple[str, str]]:
    wanted = {(cell.model, cell.task) for cell in cells}
    names = ((cell.model, cell.task) for cell in prepared.plan.cells)
    return [name for name in names if name in wanted]


def _noted(
    prepared: Prepared, shard: Shard, key: str, cells: set[tuple[str, str]]
) -> Division | None:
    """The division that this shard or another one of as many has noted, if it is of this very plan."""
    for folder in _siblings(prepared, shard):
        found = read_division(folder)
        if found is None or found.key != key or len(found.shards) != shard.of:
            continue
        named = [name for names in found.shards for name in names]
        if len(named) == len(cells) and set(named) == cells:
            return found
    return None


def _siblings(prepared: Prepared, shard: Shard) -> Iterator[Path]:
    """Folders of the results of all shards of as many, this one's own first."""
    own = prepared.results.folder
    yield own
    name = results_name(prepared.suite.spec.name, prepared.limit)
    ending = f"-of-{shard.of}"
    for folder in sorted(own.parent.glob(f"{name}{SHARDED}*{ending}")):
        if folder != own and not folder.is_symlink():
            yield folder
