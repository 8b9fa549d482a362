"""`harness plan`: the graph of steps, before anything runs, and whether it fits this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from harness.cli import fitting
from harness.cli.clusters import ClusterTime, cluster_time
from harness.cli.consoles import error_console, output_console, say
from harness.cli.costs import cost_lines
from harness.cli.data import read_data
from harness.cli.dividing import division_here
from harness.cli.executing import Where
from harness.cli.outputs import hand_over_json
from harness.cli.waiting import waiting
from harness.data.continued import continued
from harness.estimate.costs import costs
from harness.estimate.facts import Facts
from harness.estimate.forecast import Forecast, Reckoning
from harness.estimate.machine import this_machine
from harness.hub.retries import without_retries
from harness.plan.parts import Division
from harness.plan.steps import Step
from harness.records import DataReading, Failure
from harness.reporting.data import parts, rows_read, warnings
from harness.runner.run import Options, Prepared
from harness.runner.sources import check_source
from harness.runner.spending import spent_on
from harness.shards.part import Part, prepare_part, told


@dataclass(frozen=True)
class Asked:
    """What is to be told of a plan."""

    fit: str | None = None
    """The model of which alone is told what it needs."""
    probe: bool = True
    where: Where = field(default_factory=Where)


def show_plan(suite: Path, options: Options, asked: Asked, as_json: bool) -> int:
    """Prints the plan, and whether it fits this machine. Returns the exit code.

    Raises:
        InputError: the suite has mistakes, or no node of the cluster that was named has what a step needs.
    """
    console = error_console()
    with (
        without_retries(),
        waiting(console, "Looking up what the suite names, and at this machine"),
    ):
        part = prepare_part(suite, options)
        prepared = part.prepared
        machine = this_machine(prepared.artifacts.home, asked.probe)
        reckoning = Reckoning(prepared, Facts(prepared, machine))
        found = reckoning.forecast()
        cluster = cluster_time(prepared, reckoning, found, asked.where, options)
        division = cluster.division if cluster else division_here(prepared, options, reckoning)
    todo = {_identity(step) for step in prepared.to_do()}
    steps = [(step, _state(step, prepared, todo)) for step in _all_steps(part)]
    unusable = unusable_sources(prepared)
    if as_json:
        data = _as_data(prepared, steps, unusable) | {"fit": asdict(found)}
        data |= {"cluster": cluster.as_data()} if cluster else {}
        data["parts"] = [{"model": m, "task": t, "parts": n} for (m, t), n in division.items()]
        if options.shard is not None:
            data["shard"] = options.shard.model_dump()
        hand_over_json(data, indent=2)
    elif asked.fit is not None:
        fitting.print_model(found, asked.fit, output_console())
    else:
        say(output_console(), *told(part))
        _print(prepared, steps, found, cluster, division)
        say(console, *(f"warning: {line}" for line in prepared.damaged()))
    for names, failure in unusable:
        say(console, f"error: {', '.join(names)}: {failure.message}", f"hint: {failure.hint}")
    return 2 if unusable else 0


def unusable_sources(prepared: Prepared) -> list[tuple[list[str], Failure]]:
    """Files that the suite names and that no model can be made of, with the names of the models that need them."""
    found = []
    for step in prepared.plan.steps.values():
        if not step.row.in_place:
            continue
        place, allowed = prepared.artifacts.file(step), prepared.plan.permissions(step.key)
        failure = check_source(step, place, allowed)
        if failure is not None:
            found.append((_made_of(step, prepared), failure))
    return found


def _made_of(step: Step, prepared: Prepared) -> list[str]:
    plan = prepared.plan
    return [
        name
        for name, model in plan.models.items()
        if any(step.key in (key, *plan.ancestors(plan.steps[key])) for key in model.parts.values())
    ]


def _print(
    prepared: Prepared,
    steps: list[tuple[Step, str]],
    found: Forecast,
    cluster: ClusterTime | None,
    division: Division,
) -> None:
    console = output_console()
    count = sum(state == "would run" for _, state in steps)
    fitting.print_forecast(found, console)
    say(console, *(cluster.lines() if cluster else ()))
    console.print(f"{len(steps) - count} of {len(steps)} steps are there, {count} would run.\n")
    made = [(step, state) for step, state in steps if step.row.is_artifact]
    console.print(_steps_table(made))
    console.print(_cells_table(steps, division))
    say(console, *_data_lines(prepared), *_added_lines(prepared))
    spent = spent_on(prepared.suite, prepared.artifacts.home)
    say(console, *cost_lines(costs(prepared), prepared.suite.spec, spent))
    if prepared.to_fetch:
        console.print(_still_to_fetch(prepared.to_fetch))


def _data_lines(prepared: Prepared) -> list[str]:
    """What was read of each data set, what was left out, and what looks wrong."""
    lines: list[str] = []
    for names, reading in read_data(prepared.plan):
        lines.append(f"{', '.join(names)}: {reading.name}: {rows_read(reading)}; {parts(reading)}")
        lines += [f"  ⚠ {warning}" for _, warning in warnings({"": reading})]
        lines += _scored(prepared, names, reading)
    return ["What is read", *lines, ""] if lines else []


def _added_lines(prepared: Prepared) -> list[str]:
    """What is asked that the suite does not name."""
    spec = prepared.suite.spec
    names = [task for task in spec.tasks if task in spec.added]
    if not names:
        return []
    asked = spec.tasks[names[0]].models or ()
    return [
        f"Asked before and after fine-tuning, to see what it broke: {', '.join(names)} (of "
        f"{', '.join(asked)}). `forgetting: false` in the suite leaves them out.",
        "",
    ]


def _scored(prepared: Prepared, names: Sequence[str], reading: DataReading) -> Iterator[str]:
    """What becomes of labels of which one goes on from another, where the likeliest one is chosen."""
    for name in names:
        task = prepared.suite.spec.tasks.get(name)
        if task is None or "score" not in task.ending:
            continue
        occur = (label for labels in reading.labels.values() for label in labels)
        labels = list(dict.fromkeys([*occur, *task.labels]))
        pair = continued(labels)
        if pair is None:
            continue
        one, other = (labels[place] for place in pair)
        said = f"{name}: `{other}` goes on from `{one}`: where a model's tokens do so, too,"
        score = task.ending["score"]
        if score == "sum":
            yield f"  ⚠ {said} `{other}` can never be the likelier one by `score: sum`"
        elif score is None:
            yield f"  {said} that the answer ends there is scored (`score: end`)"


def _still_to_fetch(names: tuple[str, ...]) -> str:
    which, them = (names[0], "it") if len(names) == 1 else (", ".join(names), "them")
    return (
        f"Not on this machine yet: {which}. `harness run` and `harness data get` fetch {them}; "
        "--data-dir names a folder instead. The keys of what reads data are provisional until then."
    )


def _steps_table(steps: list[tuple[Step, str]]) -> Table:
    table = Table(title="What is made", title_justify="left")
    for column in ("", "step", "after", "key", "state"):
        table.add_column(column, overflow="fold")
    numbers = {step.key: str(number) for number, (step, _) in enumerate(steps, start=1)}
    for step, state in steps:
        after = ", ".join(sorted({numbers[key] for key in step.parents.values()}, key=int))
        table.add_row(numbers[step.key], step.label, after, step.key[:12], state)
    return table


def _cells_table(steps: list[tuple[Step, str]], division: Division) -> Table:
    """Models by tasks; of a cell that is timed in rounds, how many of them are there; of one that several workers
    ask, how many."""
    cells = [(step, state) for step, state in steps if step.kind == "cell"]
    table = Table(title="What is asked", title_justify="left")
    tasks = list(dict.fromkeys(step.task for step, _ in cells))
    for column in ("model", *tasks):
        table.add_column(column, overflow="fold")
    rounds: dict[tuple[str, str], list[str]] = {}
    for step, state in steps:
        if step.is_timing:
            rounds.setdefault((step.model, step.task), []).append(state)
    states = {
        (step.model, step.task): _with_rounds(state, rounds.get((step.model, step.task), []))
        for step, state in cells
    }
    for name in states.keys() & division.keys():
        states[name] += f", in {division[name]} parts"
    for model in dict.fromkeys(step.model for step, _ in cells):
        table.add_row(model, *(states.get((model, task), "-") for task in tasks))
    return table


def _with_rounds(state: str, rounds: list[str]) -> str:
    if len(rounds) < 2 or state != "would run":
        return state
    left = sum(one == "would run" for one in rounds)
    return f"{state}, {left} of {len(rounds)} rounds"


def _all_steps(part: Part) -> list[Step]:
    """Of a shard those that its cells have to do with."""
    prepared, mine = part.prepared, part.keys
    steps = prepared.plan.steps.values()
    made = [step for step in steps if prepared.shard is None or step.key in mine]
    chosen = {(cell.model, cell.task) for cell in prepared.cells}
    rounds = [step for step in prepared.plan.rounds if (step.model, step.task) in chosen]
    return [*made, *rounds, *prepared.cells]


def _identity(step: Step) -> tuple[str, str, str]:
    """Two models that are defined alike have cells with the same key."""
    return (step.key, step.model, step.task)


def _state(step: Step, prepared: Prepared, todo: set[tuple[str, str, str]]) -> str:
    if step.row.in_place:
        return "in place"
    if prepared.is_cached(step):
        return "cached"
    return "would run" if _identity(step) in todo else "not needed"


def _as_data(
    prepared: Prepared,
    steps: list[tuple[Step, str]],
    unusable: list[tuple[list[str], Failure]],
) -> dict[str, object]:
    return {
        "suite": prepared.suite.spec.name,
        "data": [
            {"used_by": names, **reading.model_dump()}
            for names, reading in read_data(prepared.plan)
        ],
        "costs": [
            {**asdict(of), "most": None if of.most is None else f"{of.most:f}"}
            for of in costs(prepared)
        ],
        "to_fetch": list(prepared.to_fetch),
        "damaged": prepared.damaged(),
        "unusable": [{"models": names, **of.model_dump()} for names, of in unusable],
        "steps": [
            {
                "key": step.key,
                "kind": step.kind,
                "label": step.label,
                "model": step.model or None,
                "task": step.task or None,
                "params": step.params.identity(),
                "parents": step.parents,
                "state": state,
            }
            for step, state in steps
        ],
    }
