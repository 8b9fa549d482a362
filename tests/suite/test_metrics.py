"""The metrics that a suite names: what they are called, what is refused, and what changes a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.results.own_metrics import asked_metrics
from harness.runner.known import known
from harness.runner.run import Options, prepare
from harness.suite.metrics import hub_repo, metric_refs, names_of
from harness.suite.problems import SuiteError
from harness.suite.reader import Suite, parse_suite
from harness.suite.schema import TASK_TYPES, OwnMetric, SummarizeTask
from tests.plan.test_builder import FakeResolver, cells

SUITE = """\
name: own
models:
  base: {source: starter}
tasks:
  dialogue: {type: summarize, dataset: dialogue-sample, metrics: METRICS}
  sentiment: {type: classify, dataset: phrasebank-sample, metrics: OTHERS}
gates:
  - {models: [base], task: dialogue, metric: GATED, min: 0.5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text("def score(prediction, target): ...\ndef other(): ...\n")
    (tmp_path / "rouge_like").mkdir()
    (tmp_path / "rouge_like" / "rouge_like.py").write_text("import evaluate\n")
    (tmp_path / "no_script").mkdir()
    return tmp_path


def text(metrics: str = "[]", gated: str = "rougeL", others: str = "[]") -> str:
    return SUITE.replace("METRICS", metrics).replace("GATED", gated).replace("OTHERS", others)


def read(folder: Path, *args: str) -> Suite:
    return parse_suite(text(*args), folder / "suite.yaml", known())


def problems(folder: Path, *args: str) -> str:
    with pytest.raises(SuiteError) as caught:
        read(folder, *args)
    return caught.value.message


def plan(folder: Path, *args: str, resolver: FakeResolver | None = None) -> Plan:
    suite = read(folder, *args)
    return make_plan(suite, (resolver or FakeResolver()).resolve(suite))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"python": "mine.py:score"}, ("score",)),
        ({"python": "mine.py:score", "name": "mine"}, ("mine",)),
        ({"python": "mine.py:score", "key": ["a", "b"]}, ("a", "b")),
        ({"python": "mine.py:score", "key": ["a", "b"], "name": "mine"}, ("mine_a", "mine_b")),
        ({"evaluate": "./rouge_like"}, ("rouge_like",)),
        ({"evaluate": "rouge_like/rouge_like.py"}, ("rouge_like",)),
        ({"evaluate": "org/bleu", "key": "score"}, ("score",)),
    ],
)
def test_a_metric_is_called_by_its_name_its_key_or_its_code(
    given: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert names_of(OwnMetric(**given)) == names


def test_a_folder_goes_before_the_hub(folder: Path) -> None:
    assert hub_repo(OwnMetric(evaluate="rouge_like"), folder) == ""
    assert hub_repo(OwnMetric(evaluate="rouge"), folder) == "evaluate-metric/rouge"
    assert hub_repo(OwnMetric(evaluate="org/rouge"), folder) == "org/rouge"


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ("[chrff]", "a `summarize` task has no metric `chrff`\n    Did you mean `chrf`?"),
        ("[{python: mine.py:scor}]", "mine.py has no `scor`\n    Did you mean `score`?"),
        ("[{python: yours.py:score}]", "there is no file"),
        ("[{python: mine.py:score, name: rougeL}]", "`rougeL` is a metric of the harness"),
        ("[{python: mine.py:score}, {python: mine.py:other, name: score}]", "are called `score`"),
        ("[chrf, chrf]", "two metrics of this task are called `chrf`"),
        ("[{python: mine.py:score, beter: lower}]", "unknown key\n    Did you mean `better`?"),
        ("[{python: mine.py:score, better: more}]", "`more` is not one of the values"),
        ("[{python: mine.py:score, config: x}]", "`config` belongs to `evaluate`"),
        ("[{name: score}]", "a metric takes `python` or `evaluate`"),
        ("[{evaluate: ./no_script}]", "there is no file"),
        ("[{evaluate: ./rouge_like, revision: v1}]", "this is for metrics on the Hub"),
        ("[{evaluate: a b c}]", "names no folder, no file and no metric on the Hub"),
        ("[{evaluate: rouge}]", "this would get the code of evaluate-metric/rouge from the Hub"),
        ("[{evaluate: org/mine}]", "`trust_remote_code: true` beside it allows it"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(folder: Path, metrics: str, says: str) -> None:
    assert says in problems(folder, metrics)


def test_one_name_means_one_metric_in_a_suite(folder: Path) -> None:
    one, other = "[{python: mine.py:score}]", "[{python: mine.py:other, name: score}]"
    assert "`score` is another metric in the task `dialogue`" in problems(
        folder, one, "rougeL", other
    )
    read(folder, one, "rougeL", one)


def test_a_gate_may_be_set_on_a_metric_of_the_tasks_own(folder: Path) -> None:
    read(folder, "[{python: mine.py:score}]", "score")
    read(folder, "[chrf]", "chrf")


def test_a_gate_on_a_metric_nearly_right_is_told_the_right_one(folder: Path) -> None:
    said = problems(folder, "[{python: mine.py:score, name: politeness}]", "politness")
    assert "gates.0.metric: a `summarize` task has no metric `politness`" in said
    assert "Did you mean `politeness`?" in said


def test_a_gate_on_a_metric_that_is_not_asked_for_is_told_how(folder: Path) -> None:
    said = problems(folder, "[]", "chrf")
    assert "`dialogue` does not ask for the metric `chrf`" in said
    assert "Write `metrics: [chrf]` in the task." in said


def test_a_metric_of_one_task_cannot_be_gated_on_another(folder: Path) -> None:
    assert "has no metric `score`" in problems(folder, "[]", "score", "[{python: mine.py:score}]")


def test_what_is_known_of_a_metric_comes_from_the_suite_alone() -> None:
    task = SummarizeTask.model_validate(
        {
            "type": "summarize",
            "dataset": "dialogue-sample",
            "metrics": [
                "rougeL",
                "exact_match",
                {"python": "a.py:f", "better": "lower", "label": "Length", "unit": "words"},
            ],
        }
    )
    found = asked_metrics(task)
    assert [name for name, metric in found.items() if metric.own] == ["exact_match", "f"]
    assert list(found)[: len(found) - 2] == list(TASK_TYPES["summarize"].metrics)
    assert (found["exact_match"].kind, found["exact_match"].higher_is_better) == (
        "proportion",
        True,
    )
    assert (found["f"].label, found["f"].unit, found["f"].higher_is_better) == (
        "Length",
        "words",
        False,
    )


def test_a_metric_changes_the_key_of_its_cells_and_not_of_their_answers(folder: Path) -> None:
    before = plan(folder)
    after = plan(folder, "[{python: mine.py:score}]")
    asked = {cell.task: cell.answers_key for cell in after.cells}
    assert cells(before)["base", "sentiment"] == cells(after)["base", "sentiment"]
    assert cells(before)["base", "dialogue"] != cells(after)["base", "dialogue"]
    assert asked == {task: key for (_, task), key in cells(before).items()}
    assert set(before.steps) == set(after.steps)


@pytest.mark.parametrize("more", ["args: {limit: 3}", "key: words, name: score", "name: other"])
def test_what_changes_a_score_changes_the_key(folder: Path, more: str) -> None:
    before = cells(plan(folder, "[{python: mine.py:score}]"))
    after = cells(plan(folder, f"[{{python: mine.py:score, {more}}}]"))
    assert before["base", "dialogue"] != after["base", "dialogue"]


@pytest.mark.parametrize("more", ["label: Mine", "better: lower", "explanation: What it says."])
def test_what_only_tells_about_a_score_does_not(folder: Path, more: str) -> None:
    before = cells(plan(folder, "[{python: mine.py:score}]"))
    assert cells(plan(folder, f"[{{python: mine.py:score, {more}}}]")) == before


def test_changed_code_changes_the_key(folder: Path) -> None:
    """The code of a function, of what it imports, and of a script."""
    (folder / "mine.py").write_text("import beside\ndef score(prediction, target): ...\n")
    (folder / "beside.py").write_text("")
    suite = text("[{python: mine.py:score}, {evaluate: ./rouge_like}]")
    (folder / "suite.yaml").write_text(suite)
    seen = set()
    for changed in ("mine.py", "beside.py", "rouge_like/rouge_like.py", "unrelated.txt"):
        options = Options(results=folder / "results", home=folder / "home")
        seen.add(cells(prepare(folder / "suite.yaml", options).plan)["base", "dialogue"])
        with (folder / changed).open("a") as file:
            file.write("# changed\n")
    options = Options(results=folder / "results", home=folder / "home")
    last = cells(prepare(folder / "suite.yaml", options).plan)["base", "dialogue"]
    assert len(seen) == 4 and last in seen


def test_a_metric_on_the_hub_is_got_by_its_commit_before_the_cell(folder: Path) -> None:
    entry = "[{evaluate: org/mine, revision: v2, trust_remote_code: true}]"
    graph = plan(folder, entry)
    cell = next(cell for cell in graph.cells if cell.task == "dialogue")
    step = graph.steps[cell.parents["metric.mine"]]
    assert step.row.network
    assert step.params.identity() == {
        "what": "metric",
        "repo": "org/mine",
        "file": "",
        "commit": "commit of org/mine at v2",
    }


def test_the_entries_travel_as_plain_data(folder: Path) -> None:
    import json
    from dataclasses import asdict

    from harness.suite.metrics import MetricRef

    suite = read(folder, "[chrf, {python: mine.py:score, key: [a, b]}, {evaluate: ./rouge_like}]")
    refs = metric_refs(suite.spec.tasks["dialogue"], folder)
    assert [MetricRef.of(json.loads(json.dumps(asdict(ref)))) for ref in refs] == refs
