"""What the reference of suites shows works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from harness.results.gating import judge_results
from harness.results.prompts import prompt_texts
from harness.runner.known import known
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet
from harness.suite.reader import parse_suite
from tests.metrics.metrics import write_metric

REFERENCE = Path(__file__).parents[1] / "docs" / "suites.md"


def test_the_table_of_a_users_own_is_asked_as_the_reference_has_it(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(# tickets\.yaml\n.*?)```", REFERENCE.read_text(), re.S)
    (tmp_path / "tickets.yaml").write_text(block)
    rows = [
        f'"Question {n}","My {team} number {n}\nis wrong, ""please"" help",{team}'
        for n in range(30)
        for team in ("billing", "delivery")
    ]
    (tmp_path / "tickets.csv").write_text("subject,body,team\n" + "\n".join(rows) + "\n")
    options = Options(results=tmp_path / "results", home=tmp_path / "home", only="teams")
    prepared = prepare(tmp_path / "tickets.yaml", options)
    (cell,) = run(prepared, options, Quiet(), []).summary.cells
    assert cell.status == "ok" and 5 <= cell.n <= 25
    texts = prepared.results.texts("teams").values()
    assert all("\nis wrong" in text and text.endswith("Which team?") for text in texts)
    assert cell.details["confusion"]["labels"] == ["billing", "delivery"]
    asked = prompt_texts(prepared.results.folder, cell.prompts, [], tmp_path)
    assert asked is not None and len(asked.texts) == cell.n
    assert all(text in asked.texts[id] for id, text in prepared.results.texts("teams").items())


def test_instructions_are_learned_as_the_reference_has_it(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(# instructed\.yaml\n.*?)```", REFERENCE.read_text(), re.S)
    (tmp_path / "instructed.yaml").write_text(block)
    asked = [{"instruction": f"Count to {n}.", "input": "", "output": str(n)} for n in range(3)]
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    (tmp_path / "alpaca.json").write_text(json.dumps(asked))
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": talk}))
    options = Options(results=tmp_path / "results", home=tmp_path / "home", limit=4)
    summary = run(prepare(tmp_path / "instructed.yaml", options), options, Quiet(), []).summary
    assert {cell.status for cell in summary.cells} == {"ok"}
    assert len([cell for cell in summary.cells if not summary.tasks[cell.task].added]) == 2
    training = summary.models["tuned"].training
    assert training is not None
    assert [(part.name, part.learned) for part in training.learned] == [
        ("alpaca.json", 3),
        ("chat.jsonl", 1),
    ]


def test_the_metrics_of_a_users_own_score_as_the_readme_has_them(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(# titles\.yaml\n.*?)```", REFERENCE.read_text(), re.S)
    (function,) = re.findall(r"# (def short.*): (return .*)", block)
    (tmp_path / "titles.yaml").write_text(block)
    (tmp_path / "scores.py").write_text(f"{function[0]}:\n    {function[1]}\n")
    write_metric(
        tmp_path,
        "shared_words",
        "same = [set(p.split()) & set(r.split()) for p, r in zip(predictions, references)]\n"
        '        return {"f1": len(same[0]), "n": len(same)}',
    )
    rows = [f"Item {n} was sold in town {n},Item {n}" for n in range(30)]
    (tmp_path / "titles.csv").write_text("text,title\n" + "\n".join(rows) + "\n")
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    prepared = prepare(tmp_path / "titles.yaml", options)
    (cell,) = run(prepared, options, Quiet(), []).summary.cells
    assert cell.error is None and {"short", "shared", "rougeL"} <= set(cell.metrics)
    samples = prepared.results.cell("base", "titles").samples(cell.samples_key)
    assert len(samples) == cell.n > 0
    for sample in samples:
        shared = set((sample.answer or "").split()) & set((sample.target or "").split())
        assert sample.scores["short"] == float(len(sample.answer or "") < 60)
        assert sample.scores["shared"] == len(shared)
    (verdict,) = judge_results(tmp_path / "results" / "titles", None, tmp_path).verdicts
    assert verdict.metric == "short" and verdict.value == cell.metrics["short"].value


def test_the_suite_of_the_readme_is_one(tmp_path: Path) -> None:
    readme = REFERENCE.parents[1] / "README.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", readme.read_text(), re.S)
    (tmp_path / "tickets.csv").write_text("text,team\nhelp,billing\n")
    assert len(parse_suite(block, tmp_path / "mine.yaml", known()).spec.gates) == 1
