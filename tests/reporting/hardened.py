"""Every text of every record of a summary, found by the records' types: a field that is added later is among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from harness.records import Summary

NASTY = (
    "</script></style></title>--><svg onload=alert(1)><img src=http://evil.test/a onerror=alert(1)>"
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>[x](javascript:alert(1))![i](http://evil.test/b.png)"
    "<http://evil.test/c>|`b` ``c``\n\n# h\n- *d*\n\n<details open ontoggle=alert(1)>\x1b]0;t\x07\x1b[2J\x9b2J\u202e"
    "{{7*7}}${alert(1)}&"
)
"""What harms a page, Markdown, a terminal, a template."""
CLOSED = {
    "Summary.schema", "Summary.created", "Summary.command", "TaskSummary.type", "Comparison.metric", "GateVerdict.metric", "GateVerdict.kind",
    "MetricDescriptor.name", "Check.name", "Failure.kind", "Training.base_precision", "MeanLosses.trained_on",
    "Permission.allows", "MetricDescriptor.format",
}  # fmt: skip
"""Words of a closed list that are not declared as such, or that are looked up."""


LOOKED_UP = {"kind", "phase", "started"}
"""Entries of details that are words of a list, or moments."""
CLOSED_KEYS = {
    "Cell.metrics",
    "TaskSummary.metrics",
    "TaskSummary.floors",
    "Cell.details",
    "Summary.suite",
}
"""Tables whose keys are of a closed list."""


def records(kind: Any = Summary) -> dict[str, type[BaseModel]]:
    """All records that a type leads to, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel):
            if one.__name__ not in found:
                found[one.__name__] = one
                waiting += [field.annotation for field in one.model_fields.values()]
        else:
            waiting += get_args(one)
    return found


def holds_text(kind: Any) -> bool:
    """Whether a field of a type holds texts that are no record's."""
    if kind is str or kind is Any:
        return True
    if get_origin(kind) is Literal or (isinstance(kind, type) and not get_args(kind)):
        return False
    return any(holds_text(one) for one in get_args(kind))


@cache
def text_fields() -> frozenset[str]:
    """Every `Record.field` that holds free text, in keys of tables too."""
    return frozenset(
        f"{name}.{field}"
        for name, of in records().items()
        for field, info in of.model_fields.items()
        if holds_text(info.annotation)
    ).difference(CLOSED)


def made(kind: Any, name: str = "") -> Any:
    """Data of a type, with every field of its records there; of several kinds of record, the first.

    Args:
        kind: a type.
        name: of the field.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return inner[0]
    if origin in (Union, UnionType) or (origin is not None and not isinstance(origin, type)):
        return made(next(one for one in inner if one is not type(None)), name)
    if origin is tuple:
        return [made(one, name) for one in inner if one is not Ellipsis]
    if origin is list:
        return [made(one, name) for one in (kinds_of(inner[0]) or inner)]
    if origin is dict:
        return {made(inner[0], name): made(inner[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {
            info.alias or field: made(info.annotation, field)
            for field, info in kind.model_fields.items()
            if info.is_required() or f"{kind.__name__}.{field}" not in CLOSED
        }
    return {bool: True, int: 1, float: 0.5, Decimal: "0.5"}.get(kind, KNOWN.get(name, "x"))


def kinds_of(kind: Any) -> list[type[BaseModel]]:
    """The records that a union, such as that of the steps of a lineage, is made of."""
    parts = get_args(kind)
    found = [one for one in parts if isinstance(one, type) and issubclass(one, BaseModel)]
    return found or next((of for part in parts if (of := kinds_of(part))), [])


KNOWN = {
    "model": "base",
    "models": "base",
    "contexts": "base",
    "task": "sentiment",
    "metric": "accuracy",
    "allows": "pickle",
}
"""Texts that name what stands elsewhere in the summary, or on a list."""
LEFT = {
    "Summary.partial",
    "ModelSummary.error",
    "ModelSummary.replica_of",
    "Cell.error",
    "Comparison.reason",
}
"""Fields that stay empty where they are: filled, most else of a page would not be written."""


def filled(of: BaseModel) -> BaseModel:
    """A record in whose records every field that was empty holds something."""
    found: dict[str, Any] = {}
    for field, info in type(of).model_fields.items():
        value, name = getattr(of, field), f"{type(of).__name__}.{field}"
        if value in (None, "", [], {}) and name not in LEFT | CLOSED:
            found[info.alias or field] = made(info.annotation, field)
        else:
            found[info.alias or field] = _filled(value)
            if name == "ModelSummary.lineage":  # one step of each kind that there is
                there = {type(step) for step in value}
                kinds = [one for one in kinds_of(info.annotation) if one not in there]
                found[field] += [made(one) for one in kinds]
    return type(of).model_validate(found)


def _filled(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return filled(value)
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    return [_filled(one) for one in value] if isinstance(value, list | tuple) else value


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in records, with the `Record.field` that holds it."""
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from texts(getattr(value, field), f"{type(value).__name__}.{field}")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts(key, name)
            yield from texts(one, name)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one, name)
    elif isinstance(value, str):
        yield name, value


def nasty(text: str) -> str:
    """A text with a hostile end."""
    return text + NASTY


def formula(text: str) -> str:
    """A text that a spreadsheet would compute."""
    return f"=HYPERLINK({text})"


def hardened(summary: Summary, change: Callable[[str], str] = nasty) -> Summary:
    """The summary with every text changed, wherever its type allows any text; names stay what is referred to."""
    return Summary.model_validate(_hard(filled(summary), "", change))


def plainly_named(change: Callable[[str], str], summary: Summary) -> Callable[[str], str]:
    """The same change, but of names that commands make paths of."""
    names = {*summary.models, *summary.tasks, str(summary.suite["name"])}
    return lambda text: text if text in names else change(text)


def _hard(value: Any, name: str, change: Callable[[str], str]) -> Any:
    if isinstance(value, BaseModel):
        of, told = type(value), type(value).__name__
        return {
            info.alias or field: _hard(getattr(value, field), f"{told}.{field}", change)
            for field, info in of.model_fields.items()
        }
    if isinstance(value, dict):
        keys = name not in CLOSED_KEYS
        return {
            _hard(k, name if keys else "", change): v if k in LOOKED_UP else _hard(v, name, change)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hard(one, name, change) for one in value]
    return change(value) if isinstance(value, str) and name in text_fields() else value
