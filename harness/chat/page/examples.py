"""Examples of a suite and their answers as HTML: what was measured, and what a model says now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.chat.demo.recorded import DemoExample, Group, Pair, Recorded, RecordedAnswer
from harness.chat.page.drawing import escaped, failure_html
from harness.chat.records import Failed
from harness.records import MetricDescriptor, Value
from harness.reporting.format import count, known, share
from harness.reporting.measures import difference, label, metric_of, number, words
from harness.reporting.percent import in_percent

SEGMENTS = ("fixed", "better", "other", "right", "same", "wrong", "broke", "worse")
"""The order in which kinds of change stand in the bar."""


def lead_html(recorded: Recorded, task: str, pair: Pair, groups: Sequence[Group]) -> str:
    """What was measured over all examples, and how many changed in which way."""
    said = [f"{pair.before} → {pair.after}: "]
    row = recorded.comparison(task, pair)
    if row is not None and row.delta is not None:
        of = metric_of(in_percent(recorded.summary), row)
        moved = difference(of, row)
        unit = " percentage points" if of.unit == "%" else _unit(of)
        values = known(row.baseline_value, row.candidate_value)
        ends = " → ".join(words(of, Value(value=value)) for value in values)
        said.append(f"{label(of)} {ends}, difference {moved.text} {moved.detail}{unit} ")
    every = groups[0]
    said.append(f"over {count(len(every.ids))} examples of the test split.")
    parts = {group.key: group for group in groups[1:]}
    bar = "".join(
        f'<span class="hc-seg hc-{key}" style="flex-grow:{len(parts[key].ids)}"></span>'
        for key in SEGMENTS
        if key in parts and parts[key].ids
    )
    legend = " · ".join(
        f'<span class="hc-key hc-{key}"></span>{escaped(parts[key].title)} {count(len(parts[key].ids))} '
        f"({share(parts[key].share)})"
        for key in SEGMENTS
        if key in parts
    )
    first = f'<p class="hc-lead">{escaped("".join(said))}</p>'
    return f'{first}<div class="hc-stack" aria-hidden="true">{bar}</div><p class="hc-legend">{legend}</p>'


def example_html(recorded: Recorded, task: str, example: DemoExample | None) -> str:
    """One example: its text, the reference, what each model answered when it was measured."""
    if example is None:
        return '<p class="hc-empty">Choose an example.</p>'
    text = example.text or "(these results do not hold the example's text)"
    parts = [_passage("Text", text, example.id)]
    if example.reference:
        parts.append(_passage("Reference", example.reference, "", "hc-reference"))
    answers = "".join(answer_html(recorded, task, a) for a in example.answers)
    parts.append('<h3 class="hc-above">As measured</h3>')
    return f'{"".join(parts)}<div class="hc-sides" role="group" aria-label="Recorded answers">{answers}</div>'


def answer_html(recorded: Recorded, task: str, answer: RecordedAnswer, state: str = "") -> str:
    """What a model answered: the text, whether it is right, the labels' shares, the scores."""
    mark = {True: "✓ right", False: "✗ wrong", None: ""}[answer.right]
    tone = {True: "hc-good", False: "hc-bad", None: ""}[answer.right]
    heading = f'<h3>{escaped(answer.model)} <span class="{tone}">{mark}</span></h3>'
    body = ""
    if answer.shares:
        body += _bars(answer)
    else:
        body += f'<div class="hc-text">{escaped(answer.text) or "<em>nothing</em>"}</div>'
        if answer.label is not None:
            body += f'<p class="hc-state">taken for: {escaped(answer.label)}</p>'
    if answer.scores and not answer.shares:
        told = recorded.summary.tasks[task]
        body += f'<p class="hc-figures">{escaped(_scores(answer.scores, told.metric))}</p>'
    if state:
        body += f'<p class="hc-state" role="status">{escaped(state)}</p>'
    return f'<article class="hc-turn hc-model">{heading}{body}</article>'


def waiting_html(model: str, words: str) -> str:
    """A model that has not answered yet, or cannot."""
    state = f'<p class="hc-state" role="status">{escaped(words)}</p>'
    return f'<article class="hc-turn hc-model"><h3>{escaped(model)}</h3>{state}</article>'


def failed_html(model: str, failed: Failed) -> str:
    """A model that failed."""
    return f'<article class="hc-turn hc-model"><h3>{escaped(model)}</h3>{failure_html(failed)}</article>'


def clipped(text: str, length: int = 90) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _bars(answer: RecordedAnswer) -> str:
    rows = "".join(
        f'<tr><th scope="row">{"<strong>" if name == answer.text else ""}{escaped(name)}'
        f"{'</strong>' if name == answer.text else ''}</th>"
        f'<td>{part:.3f}</td><td class="hc-meter"><span style="width:{100 * part:.1f}%"></span></td></tr>'
        for name, part in answer.shares.items()
    )
    return f'<table class="hc-shares"><caption>share of the probability of all labels</caption>{rows}</table>'


def _scores(scores: Mapping[str, float], metric: Callable[[str], MetricDescriptor]) -> str:
    said = []
    for name, value in scores.items():
        of = metric(name)
        if of.kind == "proportion":
            if value:
                said.append(of.label.lower())
            continue
        said.append(f"{label(of)} {number(of, value, [value])}{_unit(of)}")
    return " · ".join(said)


def _unit(of: MetricDescriptor) -> str:
    return "%" if of.unit == "%" else f" {of.unit}" if of.unit else ""


def _passage(title: str, text: str, detail: str, kind: str = "") -> str:
    head = f'<h3>{title} <span class="hc-made">{escaped(detail)}</span></h3>'
    return f'<article class="hc-turn hc-user {kind}">{head}<div class="hc-text">{escaped(text)}</div></article>'
