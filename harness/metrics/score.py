"""Scores the samples of a cell by all the metrics that its task names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import BadDataError
from harness.metrics.answers import Answered, Scored, Scorer
from harness.metrics.evaluated import open_evaluate
from harness.metrics.metric import Answer
from harness.metrics.python_metric import open_function
from harness.metrics.registry import METRICS, scores_of
from harness.records import Sample
from harness.suite.metrics import MetricRef
from harness.suite.schema import TASK_TYPES
from harness.words import Wording


@dataclass(frozen=True)
class ScoredSamples:
    """Samples with a score of each metric, and what the metrics give for all answers together."""

    samples: Sequence[Sample]
    together: Mapping[str, float] = field(default_factory=dict)


def open_scorers(refs: Sequence[MetricRef], inputs: Mapping[str, str], home: Path) -> list[Scorer]:
    """Loads the code of every metric, so that what is wrong with one shows before a model is asked.

    Args:
        refs: a task's metrics.
        inputs: by role, the folders of those that came from the Hub.
        home: of the harness; copies of scripts are kept below it.

    Raises:
        BadDataError, MissingToolError, InputError: one cannot be loaded, with file and line.
    """
    return [_open(ref, inputs, home) for ref in refs]


def score_samples(
    scorers: Sequence[Scorer],
    samples: Sequence[Sample],
    texts: Mapping[str, str],
    labels: Sequence[str],
    told: Callable[[int, int], None],
) -> ScoredSamples:
    """Adds a score of each metric to each sample.

    Args:
        scorers: of the task's metrics.
        samples: answered.
        texts: the examples' own, by id.
        labels: of a classification; empty where answers are free text.
        told: is told how many scores of how many have been made.

    Raises:
        BadDataError: a metric failed on an answer, or gave no number.
    """
    answers = [_answered(sample, texts, labels) for sample in samples]
    added: list[dict[str, float]] = [{} for _ in samples]
    together: dict[str, float] = {}
    total = len(scorers) * len(samples)
    for position, scorer in enumerate(scorers):
        found = scorer(answers, labels, _counted(told, position * len(samples), total))
        together |= found.together
        for name, scores in found.scores.items():
            for scored, score in zip(added, scores, strict=True):
                scored[name] = score
    return ScoredSamples(
        [
            sample.model_copy(update={"scores": {**sample.scores, **scored}})
            for sample, scored in zip(samples, added, strict=True)
        ],
        together,
    )


def _open(ref: MetricRef, inputs: Mapping[str, str], home: Path) -> Scorer:
    if ref.by == "python":
        return open_function(ref)
    if ref.by == "evaluate":
        return open_evaluate(ref, _script(ref, inputs), home)
    return _of_the_harness(ref.place)


def _script(ref: MetricRef, inputs: Mapping[str, str]) -> Path:
    if not ref.repo:
        return Path(ref.place)
    file = Path(inputs[ref.role]) / f"{ref.repo.rpartition('/')[2]}.py"
    if not file.is_file():
        raise BadDataError(
            f"{ref.repo} on the Hub holds no {file.name}, so it is no metric of `evaluate`",
            "Look at its files there.",
        )
    return file


def _counted(told: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    return lambda count: told(before + count, total)


def _of_the_harness(name: str) -> Scorer:
    """Of a metric that its type of task always has nothing: it was scored when the model was asked."""
    extra = any(name in task.extra_metrics for task in TASK_TYPES.values())

    def score(
        answers: Sequence[Answered], labels: Sequence[str], told: Callable[[int], None]
    ) -> Scored:
        if not extra:
            return Scored({})
        rule = Wording.of(one.target for one in answers).rule
        given = [Answer(one.prediction, one.target, rule=rule) for one in answers]
        found = [scores_of([METRICS[name]], one) for one in given]
        told(len(answers))
        return Scored({name: [scores[name] for scores in found]})

    return score


def _answered(sample: Sample, texts: Mapping[str, str], labels: Sequence[str]) -> Answered:
    return Answered(sample.id, sample.answer or "", sample.target or "", texts.get(sample.id, ""))
