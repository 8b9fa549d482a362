"""What speaks against publishing results, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from harness.quantities import plural
from harness.records import Summary
from harness.reporting.marks import CHECK_LABELS, all_checks


def refusals(summary: Summary, models: Collection[str]) -> tuple[str, ...]:
    """Why results of these models should not be published as they are."""
    found = [*_failed(summary, models), *_unchecked(summary, models), *_missing(summary, models)]
    return tuple(found)


def warnings(summary: Summary, models: Collection[str]) -> tuple[str, ...]:
    """What a publisher should know of results of these models."""
    found = []
    made_up = [name for name in models if summary.models[name].synthetic]
    if made_up:
        found.append(f"synthetic models stand in for real ones: {', '.join(made_up)}")
    tasks = {cell.task for cell in summary.cells if cell.model in models}
    unreal = [name for name in summary.tasks if name in tasks and summary.tasks[name].synthetic]
    if unreal:
        found.append(f"synthetic data stands in for real data: {', '.join(unreal)}")
    allowed = [
        f"{CHECK_LABELS[check.name]} of {check.model}"
        for check in all_checks(summary)
        if check.status == "allowed" and check.model in models
    ]
    if allowed:
        found.append(f"checks that failed, and that the suite allows: {', '.join(allowed)}")
    doubted = [
        f"{cell.model}/{cell.task}"
        for cell in summary.cells
        if cell.model in models and cell.details.get("speed", {}).get("warnings")
    ]
    if doubted:
        found.append(f"timings are in doubt: {', '.join(doubted)}")
    return tuple(found)


def with_ancestors(summary: Summary, model: str) -> tuple[str, ...]:
    """A model, and those of the suite whose making is the beginning of its own."""
    steps = summary.models[model].lineage
    before = (
        name
        for name, of in summary.models.items()
        if name != model and of.lineage and of.lineage == steps[: len(of.lineage)]
    )
    return (model, *before)


def _failed(summary: Summary, models: Collection[str]) -> Iterator[str]:
    for cell in summary.cells:
        if cell.status == "failed" and cell.model in models:
            reason = cell.error.message if cell.error else "no reason is kept"
            yield f"{cell.model}/{cell.task} failed: {reason}"
    for name in models:
        error = summary.models[name].error
        if error is not None:
            yield f"{name} could not be made: {error.message}"


def _unchecked(summary: Summary, models: Collection[str]) -> Iterator[str]:
    for check in all_checks(summary):
        if check.status == "failed" and check.model in models:
            yield f"the check of {CHECK_LABELS[check.name]} failed for {check.model}: {check.message}"


def _missing(summary: Summary, models: Collection[str]) -> Iterator[str]:
    if summary.unproven:
        yield f"the summary {summary.unproven}"
    if summary.partial is None:
        return
    missing = [f"{model}/{task}" for model, task in summary.partial.missing if model in models]
    if missing:
        yield f"the results are partial, {plural(len(missing), 'cell')} missing: {', '.join(missing)}"
    if summary.partial.limit is not None:
        asked = plural(summary.partial.limit, "example")
        yield f"the results are partial: {asked} per task by --limit, where the suite asks for more"
