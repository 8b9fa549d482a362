"""What can be wrong with the metrics that a suite names, found without running any code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError
from harness.nearest import nearest
from harness.python_hook import find_hook
from harness.suite.checks.found import Found, KeyPath
from harness.suite.hub import is_repo
from harness.suite.metrics import hub_repo, names_of, script
from harness.suite.schema import TASK_TYPES, Graded, OwnMetric, SuiteSpec, type_of


def check_metrics(spec: SuiteSpec, folder: Path) -> Iterator[Found]:
    """Mistakes in the `metrics` of all tasks.

    Args:
        spec: the suite.
        folder: what its relative paths start from.
    """
    reserved = {name for of in TASK_TYPES.values() for name in (*of.metrics, *of.extra_metrics)}
    known: dict[str, tuple[OwnMetric, str]] = {}
    for task_name, task in spec.tasks.items():
        if not isinstance(task, Graded):
            continue
        names = (*type_of(task).metrics, *type_of(task).extra_metrics)
        seen: set[str] = set()
        for index, entry in enumerate(task.metrics):
            at: KeyPath = ("tasks", task_name, "metrics", index)
            if isinstance(entry, str):
                if entry not in names:
                    hint = nearest(entry, names)
                    hint += " Your own: `{python: file.py:function}` or `{evaluate: FOLDER}`."
                    yield at, f"a `{task.type}` task has no metric `{entry}`", hint
                called: tuple[str, ...] = (entry,)
            else:
                yield from _check_own(at, entry, folder)
                called = names_of(entry)
                yield from _check_names(at, entry, task_name, reserved, known)
            for name in called:
                if name in seen:
                    yield at, f"two metrics of this task are called `{name}`", "Set `name`."
                seen.add(name)


def metric_names(task: object) -> tuple[str, ...]:
    """What the metrics are called that a task names."""
    entries = task.metrics if isinstance(task, Graded) else []
    return tuple(
        name
        for entry in entries
        for name in ((entry,) if isinstance(entry, str) else names_of(entry))
    )


def _check_names(
    at: KeyPath,
    metric: OwnMetric,
    task: str,
    reserved: set[str],
    known: dict[str, tuple[OwnMetric, str]],
) -> Iterator[Found]:
    """A metric's name means one thing in a whole suite."""
    for name in names_of(metric):
        other, where = known.setdefault(name, (metric, task))
        if name in reserved:
            hint = "Give it another `name`."
            yield at, f"`{name}` is a metric of the harness, and this would be another", hint
        elif other != metric:
            message = f"`{name}` is another metric in the task `{where}`"
            yield at, message, "Give one of them a `name` of its own."


def _check_own(at: KeyPath, metric: OwnMetric, folder: Path) -> Iterator[Found]:
    if metric.python is not None:
        try:
            find_hook(metric.python, folder)
        except InputError as error:
            yield (*at, "python"), error.message, error.hint
        return
    repo = hub_repo(metric, folder)
    if not repo:
        yield from _check_script(at, metric, folder)
    elif not is_repo(repo):
        message = f"`{metric.evaluate}` names no folder, no file and no metric on the Hub"
        yield (*at, "evaluate"), message, "Paths start from the suite's folder."
    elif not metric.trust_remote_code:
        message = f"this would get the code of {repo} from the Hub and run it on this machine"
        hint = "Read it there first; `trust_remote_code: true` beside it allows it. For a folder "
        yield (*at, "evaluate"), message, f"{hint}of your own write `./{metric.evaluate}`."


def _check_script(at: KeyPath, metric: OwnMetric, folder: Path) -> Iterator[Found]:
    file = script(str(metric.evaluate), folder)
    if not file.is_file():
        hint = "Give a .py file with an `evaluate.Metric`, or a folder with a file of its own name."
        yield (*at, "evaluate"), f"there is no file {file}", hint
    for key in ("revision", "trust_remote_code"):
        if getattr(metric, key):
            yield (*at, key), "this is for metrics on the Hub", "Leave it out."
