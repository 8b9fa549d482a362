"""`harness compare` as a user meets it, on results made by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import harness
from harness import cli
from harness.analysis.power import power
from harness.records import Sample
from harness.suite.schema import TASK_TYPES
from tests.analysis.samples import classified, diverged, summarized, timed
from tests.cli.results import asked, write_results

Run = Callable[..., tuple[int, str, str]]
TARGETS = ["negative", "neutral", "positive"] * 20
WRONG = {"negative": "neutral", "neutral": "positive", "positive": "negative"}
OTHER = {"negative": "positive", "neutral": "negative", "positive": "neutral"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `harness compare …` and gives exit code, standard output, standard error."""

    def compare(*words: object, width: int = 200) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["harness", "compare", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err

    return compare


def before() -> list[Sample]:
    """Sixty answers: the first five wrong, all others right."""
    return asked(classified(TARGETS, [*map(WRONG.get, TARGETS[:5]), *TARGETS[5:]]))


def after() -> list[Sample]:
    """Of those wrong before three are right and one is wrong in another way; nine more are wrong."""
    answers = [*TARGETS[:3], OTHER[TARGETS[3]], WRONG[TARGETS[4]], *TARGETS[5:51]]
    return asked(classified(TARGETS, [*answers, *map(WRONG.get, TARGETS[51:])]))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    cells = {("old", "sentiment"): before(), ("new", "sentiment"): after()}
    return write_results(tmp_path / "two", cells, prompts="p")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Two models and every type of task; the second is twice as fast and 0.1 worse in ROUGE."""
    scores = np.random.default_rng(1).uniform(0.3, 0.8, 50)
    documents = [diverged(np.random.default_rng(2), 40, scale) for scale in (0.01, 0.03)]
    cells: dict[tuple[str, str], Sequence[Sample]] = {
        ("old", "sentiment"): before(),
        ("old", "dialogue"): asked(summarized(scores.tolist())),
        ("old", "fidelity"): asked(documents[0]),
        ("old", "speed"): timed([10.0, 10.2], [9.9, 10.1], [10.0, 10.0]),
        ("new", "sentiment"): after(),
        ("new", "dialogue"): asked(summarized((scores - 0.1).tolist())),
        ("new", "fidelity"): asked(documents[1]),
        ("new", "speed"): timed([20.0, 20.4], [19.8, 20.2], [20.0, 20.0]),
    }
    return write_results(tmp_path / "whole", cells, prompts="p")


def data_of(run: Run, *words: object) -> dict[str, Any]:
    code, out, err = run(*words, "--json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_two_models_show_their_difference_their_flips_and_what_changed(run: Run, two: Path) -> None:
    code, out, _ = run(two, "old", "new", "--examples", "2")
    assert code == 0
    assert "new against old" in out and "sentiment: 60 examples" in out
    accuracy = next(line for line in out.splitlines() if "Accuracy" in line)
    assert accuracy.split()[2:5] == ["0.917", "0.817", "−0.100"]
    # 3 of 12 discordant pairs: 2 (C(12,0) + C(12,1) + C(12,2) + C(12,3)) / 2^12 = 2 · 299 / 4096
    assert (
        "9 right to wrong, 3 wrong to right of 60 (exact McNemar p = 0.146); "
        "1 answered otherwise and scored the same." in out
    )
    assert "example-0000  wrong → right" in out and "2 of 12 examples that changed" in out
    assert "That is not proof that there is no difference." in out
    assert "What they measure: quality." in out


def test_json_has_every_metric_and_every_changed_example(run: Run, two: Path) -> None:
    (pair,) = data_of(run, two, "old", "new")["compared"]
    assert (pair["baseline"], pair["candidate"]) == ("old", "new")
    (task,) = pair["tasks"]
    assert [row["metric"] for row in task["metrics"]] == list(TASK_TYPES["classify"].metrics)
    accuracy = task["metrics"][0]
    assert accuracy["delta"] == pytest.approx(-6 / 60)
    assert accuracy["p"] == pytest.approx(2 * 299 / 4096)
    assert (accuracy["better"], accuracy["worse"], accuracy["n"]) == (3, 9, 60)
    assert accuracy["conclusion"] == "not shown"
    # with as many changed besides as the upper limit allows, 80% power by the exact test
    most = stats.binomtest(12, 60, alternative="less").proportion_ci(0.95, method="exact").high
    churn = accuracy["detectable"] + most
    assert power(60, churn, accuracy["detectable"], 0.95) == pytest.approx(0.8, abs=1e-3)
    assert len(task["changed"]) == 12 and task["changed_by"] == "accuracy"
    assert task["answered_otherwise_and_scored_the_same"] == 1
    first = task["changed"][0]
    assert (first["target"], first["baseline_answer"]) == ("negative", "neutral")


def test_every_type_of_task_is_shown_with_what_its_figures_measure(run: Run, whole: Path) -> None:
    code, out, _ = run(whole, "old", "new")
    assert code == 0
    assert "By ROUGE-L 0 better, 50 worse of 50." in out
    assert "mean KL divergence" in out and "perplexity: quality" in out
    assert "how much changed, not in which direction" in out
    assert "What they measure: cost." in out
    speed = next(line for line in out.splitlines() if "Decode speed" in line)
    assert "2.00" in speed and "▲ better" in speed
    assert "◆ changed" in out and "▼ worse" in out


def test_a_known_paired_difference_and_a_known_ratio(run: Run, whole: Path) -> None:
    (pair,) = data_of(run, whole, "old", "new")["compared"]
    rows = {(t["task"], row["metric"]): row for t in pair["tasks"] for row in t["metrics"]}
    rouge = rows["dialogue", "rougeL"]
    assert rouge["delta"] == pytest.approx(-0.1)
    assert rouge["low"] == pytest.approx(-0.1) == pytest.approx(rouge["high"])
    decode = rows["speed", "decode_tokens_per_second"]
    assert decode["ratio"] == pytest.approx(2.0)
    assert decode["ratio_low"] < 2.0 < decode["ratio_high"]
    assert rows["fidelity", "kl_mean"]["conclusion"] == "changed"
    assert rows["speed", "load_seconds"]["conclusion"] in ("same", "no interval")


def test_one_task_or_one_metric_can_be_asked_for(run: Run, whole: Path) -> None:
    (pair,) = data_of(run, whole, "old", "new", "--task", "dialogue", "--metric", "truncated")[
        "compared"
    ]
    assert [(t["task"], [m["metric"] for m in t["metrics"]]) for t in pair["tasks"]] == [
        ("dialogue", ["truncated"])
    ]
    (pair,) = data_of(run, whole, "old", "new", "--metric", "macro_f1")["compared"]
    assert [task["task"] for task in pair["tasks"]] == ["sentiment"]
    assert pair["tasks"][0]["changed_by"] == "accuracy"
    _, out, _ = run(whole, "old", "new", "--metric", "macro_f1", "--examples", "0")
    assert "Macro F1" in out and "Accuracy" not in out
    assert "9 right to wrong" in out and "example-" not in out
    _, out, _ = run(whole, "old", "new", "--task", "sentiment", "--all")
    assert "Unparsed answers" in out


def test_confidence_widens_intervals(run: Run, two: Path) -> None:
    (narrow,) = data_of(run, two, "old", "new", "--confidence", "0.8")["compared"]
    (wide,) = data_of(run, two, "old", "new", "--confidence", "0.99")["compared"]
    (one, other) = (pair["tasks"][0]["metrics"][0] for pair in (narrow, wide))
    assert other["low"] < one["low"] < one["delta"] < one["high"] < other["high"]
    assert one["conclusion"] == "worse" and other["conclusion"] == "not shown"
    assert "[80% interval]" in run(two, "old", "new", "--confidence", "0.8")[1]


def test_two_results_compare_every_model_that_both_have(run: Run, tmp_path: Path) -> None:
    earlier = write_results(
        tmp_path / "earlier",
        {("kept", "sentiment"): before(), ("gone", "sentiment"): before()},
        prompts="sixty",
    )
    later = write_results(
        tmp_path / "later",
        {("kept", "sentiment"): after()[:20], ("added", "sentiment"): after()},
        prompts="twenty",
        processor="another",
    )
    found = data_of(run, earlier, later)
    (pair,) = found["compared"]
    assert (pair["baseline"], pair["candidate"]) == (f"kept ({earlier})", "kept")
    accuracy = pair["tasks"][0]["metrics"][0]
    assert (accuracy["n"], accuracy["better"], accuracy["worse"]) == (20, 3, 0)
    assert accuracy["note"] == "20 of 60 examples in common."
    assert found["notes"] == [
        f"Only {earlier} has the models gone.",
        f"Only {later} has the models added.",
        "Machines: cpu before, another after.",
    ]
    assert "20 of 60 examples in common." in run(earlier, later)[1]
    assert len(data_of(run, earlier, later, "--model", "kept")["compared"]) == 1


def test_a_model_is_held_against_itself_in_a_saved_baseline(
    run: Run, two: Path, tmp_path: Path
) -> None:
    cells = {("old", "sentiment"): after(), ("new", "sentiment"): after()}
    saved = write_results(tmp_path / "baselines" / "main", cells, prompts="p")
    named = ("--baseline", "main", "--baselines", saved.parent)
    pairs = data_of(run, two, *named)["compared"]
    assert [pair["candidate"] for pair in pairs] == ["old", "new"]
    accuracy = [pair["tasks"][0]["metrics"][0] for pair in pairs]
    assert [(one["better"], one["worse"]) for one in accuracy] == [(9, 3), (0, 0)]
    assert [one["conclusion"] for one in accuracy] == ["not shown", "same"]
    (pair,) = data_of(run, two, "old", "--baseline", saved)["compared"]
    assert pair["baseline"] == "old (baseline main)"
    out = run(two, "new", *named)[1]
    assert "Not one of 60 answers scored differently (exact McNemar p = 1.000)." in out


def test_different_prompts_are_refused_with_the_reason_unless_they_are_allowed(
    run: Run, tmp_path: Path
) -> None:
    old = write_results(tmp_path / "a", {("m", "sentiment"): before()}, prompts="a")
    samples = [s.model_copy(update={"prompt": f"please: {s.id}"}) for s in after()]
    new = write_results(tmp_path / "b", {("m", "sentiment"): samples}, prompts="b")
    code, out, _ = run(old, new)
    assert code == 0
    assert "sentiment: nothing to compare" in out and "asked different prompts" in out
    assert "--prompts any" in out and "right to wrong" not in out
    code, out, _ = run(old, new, "--prompts", "any")
    assert "9 right to wrong" in out and "its own tokenizer and template" in out


def test_timings_say_where_they_come_from(run: Run, tmp_path: Path) -> None:
    speeds = {("m", "speed"): timed([10.0, 11.0], [10.0, 11.0])}
    old = write_results(tmp_path / "a", speeds)
    elsewhere = write_results(tmp_path / "b", speeds, processor="another")
    shapes = write_results(tmp_path / "c", speeds, {"speed": {"prompt_tokens": 256}})
    assert "Timed on different machines" in run(old, elsewhere)[1]
    out = run(old, shapes)[1]
    assert "speed: nothing to compare" in out
    assert "timed at other shapes (prompt_tokens [512] before, [256] after)" in out


def test_models_that_different_nodes_timed_are_not_compared_by_speed(
    run: Run, tmp_path: Path
) -> None:
    speeds = {(m, "speed"): timed([10.0, 11.0], [10.0, 11.0]) for m in ("one", "other")}
    apart = write_results(tmp_path / "a", speeds, nodes={"one": "fast", "other": "slow"})
    out = " ".join(run(apart, "one", "other")[1].split())
    assert "one was timed on fast, 2 cores, and other on slow, 2 cores" in out
    assert out.count("times them anew on one") >= 1 and "faster" not in out
    alike = write_results(tmp_path / "b", speeds, nodes={"one": "fast", "other": "fast"})
    assert "was timed on" not in run(alike, "one", "other")[1]
    elsewhere = write_results(tmp_path / "c", speeds, nodes={"one": "slow", "other": "slow"})
    assert "Timed on different machines" in run(alike, elsewhere)[1]
    assert "Timed on different machines" not in run(alike, alike)[1]


def test_settings_keys_and_references_that_matter_are_told(run: Run, tmp_path: Path) -> None:
    summaries = {("old", "dialogue"): asked(summarized([0.5, 0.6]))}
    documents = {("old", "fidelity"): asked(diverged(np.random.default_rng(0), 5))}
    one = write_results(tmp_path / "a", {**summaries, **documents}, keys={"old": "1" * 64})
    two = write_results(
        tmp_path / "b",
        {**summaries, **documents},
        {"dialogue": {"max_new_tokens": 48}},
        keys={"old": "2" * 64},
    )
    out = run(one, two)[1]
    assert "The task is set otherwise: max_new_tokens 64 before, 48 after." in out
    assert "The reference, old, is not the same model in both." in out
    assert "old is the same model in both (key 111111111111)" in run(one, one)[1]


def test_failed_cells_and_lost_samples_say_why(run: Run, two: Path, tmp_path: Path) -> None:
    failed = write_results(
        tmp_path / "failed",
        {("old", "sentiment"): before()},
        failed={("new", "sentiment"): "out of memory"},
    )
    assert "No answers of new: new failed: out of memory" in run(failed, "old", "new")[1]
    (two / "cells" / "new" / "sentiment" / "samples.jsonl").unlink()
    assert "does not hold the samples that its summary tells of" in run(two, "old", "new")[1]


def test_samples_that_lack_a_score_are_wrong_input(run: Run, tmp_path: Path) -> None:
    bare = [s.model_copy(update={"scores": {}}) for s in before()]
    cells = {("old", "sentiment"): before(), ("new", "sentiment"): bare}
    code, out, err = run(write_results(tmp_path / "r", cells), "old", "new")
    assert (code, out) == (2, "")
    assert 'has no "accuracy"' in err and "sentiment" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RESULTS"], "compared with what?"),
        (["RESULTS", "old"], "Did you mean `old`?"),
        (["RESULTS", "old", "nex"], "Did you mean `new`?"),
        (["RESULTS", "old", "old"], "the same model twice"),
        (["RESULTS", "old", "new", "new"], "too much"),
        (["RESULTS", "old", "new", "--model", "old"], "--model does not go with two models"),
        (["RESULTS", "old", "new", "--task", "sentimant"], "Did you mean `sentiment`?"),
        (["RESULTS", "old", "new", "--metric", "accurasy"], "Did you mean `accuracy`?"),
        (["RESULTS", "old", "new", "--metric", "rougeL"], "no metric 'rougeL'"),
        (["RESULTS", "old", "new", "--confidence", "0.2"], "a confidence of 0.2"),
        (["RESULTS", "RESULTS", "--model", "ne"], "Did you mean `new`?"),
        (["RESULTS", "old", "new", "--baseline", "RESULTS"], "with a baseline, one model"),
        (["RESULTS", "ol", "--baseline", "RESULTS"], "Did you mean `old`?"),
        (["RESULTS", "--baseline", "nowhere"], "there is no baseline nowhere"),
        (["nowhere", "old", "new"], "there is no summary here"),
    ],
)
def test_wrong_input_is_answered_with_one_message(
    run: Run, two: Path, words: list[str], said: str
) -> None:
    code, out, err = run(*(str(two) if word == "RESULTS" else word for word in words))
    assert (code, out) == (2, "")
    assert said in err and "Traceback" not in err


def test_results_without_a_model_or_a_task_in_common_are_wrong_input(
    run: Run, two: Path, tmp_path: Path
) -> None:
    other = write_results(tmp_path / "o", {("else", "sentiment"): before()})
    assert "no model in common" in run(two, other)[2]
    speed = write_results(tmp_path / "s", {("old", "speed"): timed([1.0], [2.0])})
    code, _, err = run(two, speed)
    assert code == 2 and "no task that was asked of both" in err


@pytest.mark.parametrize("width", [40, 80, 140])
def test_nothing_of_the_files_is_markup_or_a_control_character(
    run: Run, tmp_path: Path, width: int
) -> None:
    hostile = "[red]x[/red] [/] \x1b[31m\x07 <b>&amp; \u202e [link=http://a]b[/link]"
    one = asked(summarized([0.9, 0.2]))
    two = [
        s.model_copy(update={"id": f"[bold]{s.id}", "target": hostile, "answer": hostile})
        for s in one
    ]
    other = [s.model_copy(update={"scores": {**s.scores, "rougeL": 0.5}}) for s in two]
    failed = {("old", "sentiment"): hostile, ("new", "sentiment"): hostile}
    cells = {("old", "dialogue"): two, ("new", "dialogue"): other}
    folder = write_results(tmp_path / "r", cells, failed=failed)
    code, out, _ = run(folder, "old", "new", width=width)
    assert code == 0
    assert out.count("[red]x[/red]") >= 6 and "[bold]example-0000" in out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}


def test_compare_from_python_gives_a_tidy_frame(two: Path, tmp_path: Path) -> None:
    frame = harness.compare(two, "old", "new")
    assert list(frame.metric) == list(TASK_TYPES["classify"].metrics)
    row = frame.iloc[0]
    assert (row.baseline, row.candidate, row.task) == ("old", "new", "sentiment")
    assert (row.before, row.after, row.better, row.worse, row.n) == (55 / 60, 49 / 60, 3, 9, 60)
    assert row.difference == pytest.approx(-0.1)
    assert row.conclusion == "not shown"
    against = harness.compare(two, "new", baseline=two, task="sentiment", metric="accuracy")
    assert list(against.conclusion) == ["same"]
