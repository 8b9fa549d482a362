"""Metrics that are an `evaluate.Metric`, from a folder on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import f1_score

from harness.errors import BadDataError, MissingToolError
from harness.metrics.answers import Answered, Scored
from harness.metrics.evaluated import open_evaluate
from harness.suite.metrics import own_ref
from harness.suite.schema import OwnMetric
from tests.metrics.metrics import LISTED, NUMBERS, STRINGS, answered, nobody, write_metric

ANSWERS = answered(("red car", "red car"), ("a", "abcd"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def scored(
    script: Path,
    home: Path,
    answers: list[Answered] = ANSWERS,
    labels: tuple[str, ...] = (),
    **more: Any,
) -> Scored:
    ref = own_ref(OwnMetric(evaluate=str(script.parent), **more), script.parent.parent)
    return open_evaluate(ref, script, home)(answers, labels, nobody)


def test_each_answer_is_scored_by_itself(tmp_path: Path, home: Path) -> None:
    body = 'return {"shorter": sum(len(p) for p in predictions) / sum(len(r) for r in references)}'
    script = write_metric(tmp_path, "shorter", body)
    found = scored(script, home)
    assert found.scores == {"shorter": [1.0, 0.25]}
    assert found.together == {"shorter": pytest.approx(8 / 11)}


def test_a_metric_with_several_references_is_given_one(tmp_path: Path, home: Path) -> None:
    body = 'return {"hit": sum(p in r for p, r in zip(predictions, references)) / len(references)}'
    script = write_metric(tmp_path, "among", body, features=LISTED)
    assert scored(script, home).scores == {"among": [1.0, 0.0]}


def test_labels_are_numbers_where_a_metric_wants_them(tmp_path: Path, home: Path) -> None:
    """Together it is scikit-learn's F1 over all answers, which no mean over examples is."""
    body = (
        "from sklearn.metrics import f1_score; "
        'return {"f1": float(f1_score(references, predictions, average="macro", labels=[0, 1]))}'
    )
    script = write_metric(tmp_path, "labelled", body, features=NUMBERS)
    pairs = (("no", "no"), ("yes", "no"), ("yes", "yes"), ("", "yes"))
    found = scored(script, home, answered(*pairs), ("no", "yes"), key="f1", name="macro")
    expected = f1_score([0, 0, 1, 1], [0, 1, 1, -1], average="macro", labels=[0, 1])
    assert found.together == {"macro": pytest.approx(expected)}
    assert found.scores == {"macro": [0.5, 0.0, 0.5, 0.0]}


def test_arguments_and_the_text_are_passed_on(tmp_path: Path, home: Path) -> None:
    features = STRINGS.replace("({", '({"sources": datasets.Value("string"), ')
    body = 'return {"n": factor * len(sources[0])}'
    script = write_metric(
        tmp_path, "with_source", body, features, "sources, predictions, references, factor"
    )
    answers = answered(("a", "b"), text="four")
    assert scored(script, home, answers, args={"factor": 2}).scores == {"with_source": [8.0]}


def test_a_list_with_a_figure_for_each_answer_is_taken_apart(tmp_path: Path, home: Path) -> None:
    script = write_metric(tmp_path, "each", 'return {"f1": [float(len(p)) for p in predictions]}')
    found = scored(script, home)
    assert found.scores == {"each": [7.0, 1.0]}
    assert found.together == {}


@pytest.mark.parametrize(
    ("name", "body", "features", "says"),
    [
        ("numeric", 'return {"x": 1}', NUMBERS, r"are numbers \(int32\), and the answers are text"),
        (
            "vectors",
            'return {"x": 1}',
            STRINGS.replace('"predictions": datasets.Value("string")', '"predictions": '
                            'datasets.Sequence(datasets.Value("string"))'),
            "it takes predictions as lists, which an answer does not have",
        ),
        (
            "images",
            'return {"x": 1}',
            STRINGS.replace('"predictions"', '"images"'),
            "it takes images",
        ),
        ("two", 'return {"x": 1, "y": 2}', STRINGS, "are several; there are: x, y"),
    ],
)  # fmt: skip
def test_what_answers_cannot_be_given_to_is_told(
    tmp_path: Path, home: Path, name: str, body: str, features: str, says: str
) -> None:
    script = write_metric(tmp_path, name, body, features)
    with pytest.raises(BadDataError, match=says):
        scored(script, home)


def test_an_error_in_a_metric_is_told_with_the_line_of_the_users_own_file(
    tmp_path: Path, home: Path
) -> None:
    script = write_metric(tmp_path, "broken", 'return {"x": 1 / (len(references[0]) - 4)}')
    line = next(
        number
        for number, text in enumerate(script.read_text().splitlines(), start=1)
        if "1 / (" in text
    )
    with pytest.raises(BadDataError) as caught:
        scored(script, home)
    assert caught.value.message == (
        f'{script}:{line}: cannot score the answer to "example-1": '
        "ZeroDivisionError: division by zero"
    )


def test_an_error_in_a_file_beside_the_script_is_told_with_its_line(
    tmp_path: Path, home: Path
) -> None:
    script = write_metric(
        tmp_path, "helped", 'return {"x": ratio(0)}', imports="from .helper import ratio"
    )
    (script.parent / "helper.py").write_text("def ratio(n):\n    return 1 / n\n")
    with pytest.raises(BadDataError, match=r"helped/helper\.py:2: cannot score"):
        scored(script, home)


def test_a_package_that_is_missing_is_named(tmp_path: Path, home: Path) -> None:
    script = write_metric(tmp_path, "needy", "return {}", imports="import no_such_package_here")
    with pytest.raises(MissingToolError, match="no_such_package_here"):
        scored(script, home)


def test_a_file_without_a_metric_is_told(tmp_path: Path, home: Path) -> None:
    (tmp_path / "empty").mkdir()
    script = tmp_path / "empty" / "empty.py"
    script.write_text("import evaluate\n")
    with pytest.raises(BadDataError, match=r"empty\.py: cannot be loaded"):
        scored(script, home)


def test_nothing_is_written_beside_the_script(tmp_path: Path, home: Path) -> None:
    script = write_metric(tmp_path, "tidy", 'return {"x": 1}')
    before = set(tmp_path.rglob("*"))
    scored(script, home)
    assert set(tmp_path.rglob("*")) == before
