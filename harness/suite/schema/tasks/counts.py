"""Numbers of which a suite may write one or several."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

N = TypeVar("N", int, float)


def _several(value: Any) -> Any:
    """One value stands for a list of itself, so that both ways of writing it mean the same."""
    return value if isinstance(value, list) else [value]


MOST_COUNTS = 100
"""Sizes of one task; each is measured with each of the others."""


def _once(values: list[N]) -> list[N]:
    if len(set(values)) < len(values):
        raise ValueError("a value stands here twice")
    return values


def _number_or_list(**number: Any) -> WithJsonSchema:
    several = {
        "type": "array",
        "items": number,
        "minItems": 1,
        "maxItems": MOST_COUNTS,
        "uniqueItems": True,
    }
    return WithJsonSchema({"anyOf": [number, several]})


Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    Field(min_length=1, max_length=MOST_COUNTS),
    AfterValidator(_once),
    BeforeValidator(_several),
    _number_or_list(type="integer", minimum=1),
]
"""A number of tokens, sequences or users, or a list of different ones."""

Depths = Annotated[
    list[Annotated[int, Field(ge=0)]],
    Field(min_length=1, max_length=MOST_COUNTS),
    AfterValidator(_once),
    BeforeValidator(_several),
    _number_or_list(type="integer", minimum=0),
]
"""Numbers of which each stands once, where 0 is one too."""

Rates = Annotated[
    list[Annotated[float, Field(gt=0, le=1000)]],
    Field(min_length=1, max_length=MOST_COUNTS),
    AfterValidator(_once),
    BeforeValidator(_several),
    _number_or_list(type="number", exclusiveMinimum=0, maximum=1000),
]
"""Requests per second, one rate or several different ones."""
