"""A run as HTML while it goes: a grid of models and tasks, what runs, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.chat.page.drawing import escaped
from harness.quantities import plural
from harness.reporting.format import duration
from harness.results.journal import RunState, StepState

WORDS = {
    "waits": "waits",
    "runs": "runs",
    "done": "✓ done",
    "failed": "✗ failed",
    "there": "✓ there",
}


def run_html(run: RunState, is_running: bool, now: float) -> str:
    """What a run is doing, or did last.

    Args:
        run: as its journal has it.
        is_running: whether it is at work.
        now: seconds since 1970.
    """
    if not run.began:
        return (
            '<p class="hc-empty">No run of these results has been seen yet. `harness run` shows here what it '
            "does.</p>"
        )
    counted = [step for step in run.steps if step.counted]
    over = [step for step in counted if step.state in ("done", "failed")]
    failed = run.of("failed")
    parts = [_headline(run, is_running, now, counted, over, failed)]
    total = max(1, len(counted))
    parts.append(
        f'<progress max="{total}" value="{len(over)}" aria-label="Steps of the run"></progress>'
    )
    parts += [_running(step, now) for step in counted if step.state == "runs" and is_running]
    parts += [_failure(step) for step in failed]
    return f'<div class="hc-run">{"".join(parts)}{_grid(run, is_running)}</div>'


def _headline(
    run: RunState,
    is_running: bool,
    now: float,
    counted: list[StepState],
    over: list[StepState],
    failed: list[StepState],
) -> str:
    waits = sum(step.state == "waits" for step in counted)
    left = len(counted) - len(over)
    figures = f"{len(over)} of {plural(len(counted), 'step')} over"
    figures += f", {len(failed)} failed" if failed else ""
    if is_running:
        state = "Running" if left else "Comparing the answers and judging gates"
        words = f"{state} for {duration(max(0.0, now - run.began))}: {figures}, {waits} waiting."
    elif left:
        ended = "was interrupted" if run.ended else "ended without a word, as a killed process does"
        words = f"The last run {ended}: {figures}. The same command goes on from there."
    else:
        took = duration(max(0.0, (run.ended or now) - run.began))
        words = f"The last run is over, after {took}: {figures}."
    return f'<p class="hc-lead" role="status">{escaped(words)}</p>'


def _running(step: StepState, now: float) -> str:
    said = [f"for {duration(max(0.0, now - step.begun))}"]
    bar = f'<progress aria-label="{escaped(step.label)}"></progress>'
    if step.total:
        said.append(f"{step.done:,} of {step.total:,} {step.unit}")
        bar = f'<progress max="{step.total}" value="{step.done}" aria-label="{escaped(step.label)}"></progress>'
    if step.pace:
        said.append(step.pace)
    words = f'<span class="hc-made">{escaped(", ".join(said))}</span>'
    return f'<div class="hc-step"><strong>{escaped(step.label)}</strong> {words}{bar}</div>'


def _failure(step: StepState) -> str:
    hint = f'<p class="hc-hint">{escaped(step.hint)}</p>' if step.hint else ""
    words = f"<p><strong>{escaped(step.label)}</strong>: {escaped(step.message)}</p>"
    return f'<div class="hc-failed" role="alert">{words}{hint}</div>'


def _grid(run: RunState, is_running: bool) -> str:
    """Models in rows, tasks in columns; what makes the models in a row of its own."""
    cells: dict[tuple[str, str], str] = {cell: _state("there", "") for cell in run.there}
    other: list[StepState] = []
    for step in run.steps:
        if step.model and step.task and step.kind in ("cell", "round"):
            key = (step.model, step.task)
            if step.kind == "cell" or key not in cells:
                cells[key] = _cell(step, is_running)
        elif step.counted:
            other.append(step)
    made = f'<p class="hc-legend">{escaped(_made(other))}</p>' if other else ""
    if not cells:
        return made
    models = dict.fromkeys(model for model, _ in cells)
    tasks = dict.fromkeys(task for _, task in cells)
    head = "".join(f'<th scope="col">{escaped(task)}</th>' for task in tasks)
    rows = "".join(_row(model, tasks, cells) for model in models)
    caption = "<caption>Cells: each model asked each task</caption>"
    table = f"<table>{caption}<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'{made}<div class="hc-scroll">{table}</div>'


def _row(model: str, tasks: Iterable[str], cells: Mapping[tuple[str, str], str]) -> str:
    fields = "".join(cells.get((model, task), "<td></td>") for task in tasks)
    return f'<tr><th scope="row">{escaped(model)}</th>{fields}</tr>'


def _cell(step: StepState, is_running: bool) -> str:
    if step.state == "runs" and not is_running:
        return _state("waits", "interrupted")
    part = f" {100 * step.done // step.total}%" if step.state == "runs" and step.total else ""
    return _state(step.state, WORDS[step.state] + part, step.message)


def _state(state: str, words: str, title: str = "") -> str:
    told = f' title="{escaped(title)}"' if title else ""
    return f'<td class="hc-is-{state}"{told}>{escaped(words or WORDS[state])}</td>'


def _made(steps: list[StepState]) -> str:
    """The steps before anything is asked."""
    over = sum(step.state == "done" for step in steps)
    waiting = [step.label for step in steps if step.state == "waits"]
    said = f"Making models, prompts and baselines: {over} of {plural(len(steps), 'step')} done."
    if waiting:
        more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
        said += f" Next: {', '.join(waiting[:3])}{more}."
    return said
