"""Metrics as users write them: scripts of `evaluate.Metric`, and what answers they are given."""

from __future__ import annotations

from pathlib import Path

from harness.metrics.answers import Answered

METRIC = """\
import datasets
import evaluate

{imports}

class Metric(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description="made for a test",
            citation="",
            inputs_description="",
            features={features},
        )

    def _compute(self, {takes}):
        {body}
"""
STRINGS = (
    'datasets.Features({"predictions": datasets.Value("string"), '
    '"references": datasets.Value("string")})'
)
NUMBERS = STRINGS.replace("string", "int32")
LISTED = (
    '[datasets.Features({"predictions": datasets.Value("string"), '
    '"references": datasets.Sequence(datasets.Value("string"))})]'
)


def write_metric(
    folder: Path,
    name: str,
    body: str,
    features: str = STRINGS,
    takes: str = "predictions, references",
    imports: str = "",
) -> Path:
    """A folder of that name with its script; gives the script."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    script = place / f"{name}.py"
    script.write_text(METRIC.format(features=features, takes=takes, body=body, imports=imports))
    return script


def answered(*pairs: tuple[str, str], text: str = "") -> list[Answered]:
    """Pairs of prediction and target."""
    return [
        Answered(f"example-{index}", prediction, target, text)
        for index, (prediction, target) in enumerate(pairs)
    ]


def nobody(count: int) -> None:
    """Is told how many were scored."""
