"""Mistakes in a suite, each with its place and its remedy; and pydantic's errors turned into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from harness.errors import InputError
from harness.nearest import nearest
from harness.quantities import plural
from harness.suite import schema
from harness.suite.schema.datasets import DATA_KINDS
from harness.suite.source_map import SourceMap


@dataclass(frozen=True)
class Problem:
    """One mistake: where it stands, what is wrong, what to do."""

    line: int
    column: int
    key: str
    message: str
    hint: str = ""

    def text(self, file: str) -> str:
        """One or two lines for the terminal."""
        first = f"{file}:{self.line}:{self.column}: {self.key}: {self.message}"
        return f"{first}\n    {self.hint}" if self.hint else first


class SuiteError(InputError):
    """A suite file has mistakes; all of them are in `problems`."""

    kind = "bad-suite"

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        ordered = tuple(sorted(set(problems), key=lambda p: (p.line, p.column, p.key, p.message)))
        lines = "\n".join(problem.text(file) for problem in ordered)
        super().__init__(f"{file} has {plural(len(ordered), 'mistake')}; nothing was run.\n{lines}")
        self.file = file
        self.problems = ordered


def from_validation(error: ValidationError, source: SourceMap) -> list[Problem]:
    """Every error that pydantic found, as problems with lines."""
    return [_problem(dict(e), source) for e in error.errors(include_url=False)]


def _problem(error: dict[str, Any], source: SourceMap) -> Problem:
    location = tuple(part for part in error["loc"] if part != "[key]")
    path = source.path_in_file(location)
    place = source.place(path)
    message, hint = _words(error, location)
    key = ".".join(str(part) for part in path) or "(file)"
    return Problem(place.line, place.column, key, message, hint)


def _words(error: dict[str, Any], location: tuple[Any, ...]) -> tuple[str, str]:
    given, context = error.get("input"), error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            hint = nearest(location[-1], _keys_of(location[:-1]))
            if "prompts" in location[2:]:
                hint += " A text that holds `: ` stands in quotation marks."
            return "unknown key", hint
        case "missing":
            return "this key is missing", ""
        case "literal_error":
            hint = nearest(given, literal_values(location))
            return f"`{given}` is not one of the values it can have", hint
        case "union_tag_invalid":
            return f"unknown type `{context['tag']}`", nearest(context["tag"], schema.TASK_TYPES)
        case "union_tag_not_found":
            return "the key `type` is missing", nearest("", [*schema.TASK_TYPES])
        case "string_pattern_mismatch":
            return (
                f"`{given}` cannot be used as a name",
                "Names begin with a letter or digit and go on with letters, digits, and . _ + -",
            )
        case "value_error":
            return str(context["error"]), ""
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"this should be a mapping of keys to values, not {_kind(given)}", ""
        case "list_type":
            return f"this should be a list, not {_kind(given)}", ""
        case "too_short":
            return "at least one entry is needed", ""
        case "too_long":
            most = context["max_length"]
            return f"it has {context['actual_length']:,} entries, and {most:,} are the most", ""
        case _:
            found = "" if isinstance(given, dict | list) else f", not `{given}`"
            return f"{_lower_first(str(error['msg']))}{found}", ""


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _kind(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "nothing"}
    return kinds.get(type(value), f"`{value}`")


_SECTIONS: dict[str, dict[str, type[BaseModel]] | type[BaseModel]] = {
    "defaults": schema.Defaults,
    "models": schema.ModelSpec,
    "compare": schema.CompareSpec,
    "gates": schema.GateSpec,
    "forgetting": schema.Forgetting,
    "spending": schema.Spending,
    "machine": schema.Machine,
    "tasks": {name: of.spec for name, of in schema.TASK_TYPES.items()},
}
_INNER: dict[str, type[BaseModel]] = {
    "finetune": schema.FineTune,
    "engine": schema.EngineOptions,
    "endpoint": schema.Endpoint,
    "prices": schema.Prices,
    "spending": schema.Spending,
    "prompts": schema.WrittenPrompt,
    "own": schema.OwnMetric,
}


def literal_values(location: tuple[Any, ...]) -> list[str]:
    """The values that a key may have which takes one of a few; `location` is as pydantic tells it."""
    *parents, key = location[:-1] if isinstance(location[-1], int) else location
    return _literals(_fields_of(tuple(parents))[key].annotation)


def _literals(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for of in get_args(annotation) for value in _literals(of)]


def _keys_of(location: tuple[Any, ...]) -> list[str]:
    """The keys that a mapping at this location may have."""
    return list(_fields_of(location))


def _fields_of(location: tuple[Any, ...]) -> dict[str, FieldInfo]:
    """The fields of a mapping at this location, by key; none where it has no keys of its own."""
    model = _model_at(location)
    fields = model.model_fields.items() if model is not None else ()
    return {field.alias or name: field for name, field in fields}


def _model_at(location: tuple[Any, ...]) -> type[BaseModel] | None:
    if not location:
        return schema.SuiteSpec
    if location[-1] in DATA_KINDS:
        return DATA_KINDS[str(location[-1])]
    inner = next((_INNER[part] for part in reversed(location[2:]) if part in _INNER), None)
    if inner is not None:
        return inner
    section = _SECTIONS.get(str(location[0]))
    return section[str(location[-1])] if isinstance(section, dict) else section
