"""Metrics that are a Python function of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BadDataError
from harness.metrics.answers import Answered, Scored, Scorer, figures
from harness.python_hook import PythonHook, blamed, find_hook, load_hook
from harness.suite.metrics import MetricRef


def open_function(ref: MetricRef) -> Scorer:
    """Imports the function.

    Raises:
        InputError: it is not there.
        BadDataError: its file cannot be imported, or it does not take what it will be given.
    """
    hook = find_hook(ref.place, Path(ref.folder))
    function = load_hook(hook)
    with_text = _takes_text(hook, function, ref)

    def score(
        answers: Sequence[Answered], labels: Sequence[str], told: Callable[[int], None]
    ) -> Scored:
        scores: dict[str, list[float]] = {name: [] for name in ref.names}
        for count, one in enumerate(answers, start=1):
            given = (one.prediction, one.target, *([one.text] if with_text else []))
            with blamed(hook, f'cannot score the answer to "{one.id}"'):
                result = function(*given, **ref.args)
            where = f'{hook.file}: `{hook.function}` of the answer to "{one.id}"'
            for name, value in figures(ref, result, where).items():
                scores[name].append(value)
            told(count)
        return Scored(scores)

    return score


def _takes_text(hook: PythonHook, function: Callable[..., Any], ref: MetricRef) -> bool:
    """Whether the function takes the example's text as a third argument."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for given in (("", "", ""), ("", "")):
        try:
            signature.bind(*given, **ref.args)
        except TypeError:
            continue
        return len(given) == 3 and _third_is_asked_for(signature)
    raise BadDataError(
        f"{hook.file}: `{hook.function}{signature}` does not take (prediction, target)"
        + (f" with {', '.join(ref.args)}" if ref.args else ""),
        "It is called with (prediction, target), or (prediction, target, text), and the `args`.",
    )


def _third_is_asked_for(signature: inspect.Signature) -> bool:
    """A third parameter that has a default and another name is the function's own business."""
    positional = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if len(positional) < 3:
        return any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    third = positional[2]
    return third.default is third.empty or third.name == "text"
