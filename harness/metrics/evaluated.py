"""Metrics that are an `evaluate.Metric`: a script in a folder, a user's own or from the Hub.

The script runs without a network: what it downloads itself has to be on this machine already.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadDataError, MissingToolError
from harness.metrics.answers import Answered, Scored, Scorer, figures
from harness.python_hook import importable, said
from harness.suite.metrics import MetricRef

NO_LABEL = -1
"""Stands for an answer without a label where a metric takes labels as numbers."""


def open_evaluate(ref: MetricRef, script: Path, home: Path) -> Scorer:
    """Loads the script by `evaluate.load`, which copies it below `home` and imports it there.

    Raises:
        BadDataError: it cannot be imported, holds no metric, or takes what answers are not.
        MissingToolError: it imports a package that is not installed.
    """
    module = _load(ref, script, home)
    inputs = _Inputs.of(module, script)

    def compute(answers: Sequence[Answered], labels: Sequence[str], doing: str) -> Any:
        with _blamed(script, doing):
            return module.compute(**inputs.columns(answers, labels), **ref.args)

    def score(
        answers: Sequence[Answered], labels: Sequence[str], told: Callable[[int], None]
    ) -> Scored:
        scores: dict[str, list[float]] = {name: [] for name in ref.names}
        for count, one in enumerate(answers, start=1):
            result = compute([one], labels, f'cannot score the answer to "{one.id}"')
            where = f'{script}: the answer to "{one.id}"'
            for name, value in figures(ref, result, where).items():
                scores[name].append(value)
            told(count)
        if len(answers) < 2:
            return Scored(scores)
        result = compute(answers, labels, "cannot score all answers together")
        if any(_each(value) for value in result.values()):
            return Scored(scores)
        return Scored(scores, figures(ref, result, f"{script}: all answers together"))

    return score


def _each(value: object) -> bool:
    """Whether a figure is a list: one for each example, as BERTScore's."""
    return isinstance(value, list | tuple)


def _load(ref: MetricRef, script: Path, home: Path) -> Any:
    place = home / "evaluate"
    if "evaluate" not in sys.modules:
        os.environ |= {
            "HF_EVALUATE_OFFLINE": "1",
            "HF_MODULES_CACHE": str(place / "modules"),
            "HF_EVALUATE_CACHE": str(place / "downloads"),
            "HF_METRICS_CACHE": str(place / "metrics"),
        }
    import evaluate

    with _blamed(script, "cannot be loaded"), importable(script.parent):
        return evaluate.load(
            str(script),
            config_name=ref.config,
            cache_dir=str(place / "metrics"),
            keep_in_memory=True,
        )


@dataclass(frozen=True)
class _Inputs:
    """How a metric takes its columns: a feature of Hugging Face `datasets` for each."""

    features: Mapping[str, Any]
    script: Path

    @classmethod
    def of(cls, module: Any, script: Path) -> _Inputs:
        """The first format of a metric whose columns an answer can fill."""
        given = module.info.features
        formats = given if isinstance(given, list) else [given]
        reasons = []
        for features in formats:
            reason = _why_not(features)
            if reason is None:
                return cls(features, script)
            reasons.append(reason)
        raise BadDataError(
            f"{script}: {reasons[0]}, which an answer does not have",
            "Such a metric can be called from a Python function: `python: file.py:function`.",
        )

    def columns(self, answers: Sequence[Answered], labels: Sequence[str]) -> dict[str, list[Any]]:
        """The keyword arguments of a call."""
        values = {
            "predictions": [one.prediction for one in answers],
            "references": [one.target for one in answers],
            "sources": [one.text for one in answers],
        }
        return {
            name: [self._as(name, value, labels) for value in values[name]]
            for name in self.features
        }

    def _as(self, name: str, value: str, labels: Sequence[str]) -> Any:
        feature = self.features[name]
        dtype = getattr(feature, "dtype", "")
        if dtype == "string":
            return value
        if dtype in ("list", ""):
            return [value]
        if not labels:
            raise BadDataError(
                f"{self.script}: {name} are numbers ({dtype}), and the answers are text",
                "Take a metric of text, or call this one from a Python function.",
            )
        return labels.index(value) if value in labels else NO_LABEL


def _why_not(features: Mapping[str, Any]) -> str | None:
    """Why answers cannot fill these columns; None where they can."""
    other = set(features) - {"predictions", "references", "sources"}
    if other:
        return f"it takes {', '.join(sorted(other))}"
    for name, feature in features.items():
        inner = getattr(feature, "feature", feature)
        dtype = str(getattr(inner, "dtype", inner))
        listed = inner is not feature
        if listed and (name != "references" or dtype != "string"):
            return f"it takes {name} as lists"
        if dtype != "string" and not dtype.startswith(("int", "uint")):
            return f"it takes {name} as {dtype}"
    return None


@contextmanager
def _blamed(script: Path, doing: str) -> Iterator[None]:
    """Turns what a metric raises into a message with the line of the user's file."""
    try:
        yield
    except BadDataError:
        raise
    except ImportError as error:
        raise MissingToolError(
            f"{script}: {doing}: {said(error)}", "Install what it imports, and run again."
        ) from None
    except (Exception, SystemExit) as error:
        raise BadDataError(f"{_where(script, error)}: {doing}: {said(error)}", "") from None


def _where(script: Path, error: BaseException) -> str:
    """The last line that stands in the script, or in a file beside it of which there is a copy."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{script.parent / Path(error.filename).name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if "evaluate_modules" in path.parts and (script.parent / path.name).is_file():
            return f"{script.parent / path.name}:{frame.lineno}"
    return str(script)
