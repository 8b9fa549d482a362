"""Gates on results that are there, alone and against a saved baseline."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import marks
from harness.errors import HarnessWarning, InputError
from harness.records import Partial
from harness.results.baselines import find_baseline, save_baseline
from harness.results.comparing import Wanted, compare_results
from harness.results.gating import judge_results
from harness.results.store import ResultsStore
from harness.sealed import SEAL
from tests.results.made import write_results

GOOD = [n % 10 != 0 for n in range(600)]
SLIGHTLY_WORSE = [good and n % 100 != 5 for n, good in enumerate(GOOD)]
MUCH_WORSE = [good and n % 5 != 1 for n, good in enumerate(GOOD)]
DROP = {"compare": "ladder", "task": "sentiment", "metric": "accuracy", "max_drop": 0.03}
REGRESSION = {
    "models": ["q4"],
    "against": "baseline",
    "task": "sentiment",
    "metric": "accuracy",
    "max_drop": 0.03,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "ladder"


def saved(folder: Path, q4: list[bool], tmp_path: Path) -> Path:
    """A baseline `main` in which q4 answered like this."""
    write_results(folder, {"f16": GOOD, "q4": q4}, [DROP])
    save_baseline(folder, "main", tmp_path / "baselines")
    return tmp_path / "baselines"


@pytest.mark.parametrize(
    ("q4", "outcome", "code"),
    [(GOOD, "met", 0), (SLIGHTLY_WORSE, "met", 0), (MUCH_WORSE, "not met", 3)],
)
def test_a_gate_is_judged_from_the_samples(
    folder: Path, q4: list[bool], outcome: str, code: int, tmp_path: Path
) -> None:
    write_results(folder, {"f16": GOOD, "q4": q4}, [DROP])
    judged = judge_results(folder, None, tmp_path)
    assert [verdict.outcome for verdict in judged.verdicts] == [outcome]
    assert judged.exit_code == code


def test_too_few_examples_are_undecided_and_the_suite_says_what_becomes_of_it(
    folder: Path, tmp_path: Path
) -> None:
    few = {"f16": GOOD[:40], "q4": GOOD[:40]}
    write_results(folder, few, [DROP, {**DROP, "undecided": "pass"}])
    strict, lenient = judge_results(folder, None, tmp_path).verdicts
    assert strict.outcome == lenient.outcome == "undecided"
    assert (strict.passed, lenient.passed) == (False, True)
    assert strict.needed is not None and strict.needed > 40


def test_a_model_is_held_against_itself_in_a_baseline(folder: Path, tmp_path: Path) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    write_results(folder, {"f16": GOOD, "q4": MUCH_WORSE}, [REGRESSION])
    (verdict,) = judge_results(folder, "main", baselines).verdicts
    assert verdict.baseline == "q4 (baseline main)"
    assert (verdict.outcome, verdict.n) == ("not met", 600)
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [REGRESSION])
    assert judge_results(folder, "main", baselines).exit_code == 0


def test_without_a_word_about_baselines_every_max_drop_is_held_against_one(
    folder: Path, tmp_path: Path
) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    write_results(folder, {"f16": MUCH_WORSE, "q4": MUCH_WORSE}, [DROP])
    inside, outside = judge_results(folder, "main", baselines).verdicts
    assert (inside.baseline, inside.outcome) == ("f16", "met")
    assert (outside.baseline, outside.outcome) == ("q4 (baseline main)", "not met")


def test_a_results_folder_can_be_the_baseline(folder: Path, tmp_path: Path) -> None:
    saved(folder, GOOD, tmp_path)
    other = tmp_path / "elsewhere"
    shutil.copytree(folder, other)
    assert judge_results(folder, str(other), tmp_path / "none").baseline == "elsewhere"


def test_a_smaller_limit_is_held_against_the_examples_in_common(
    folder: Path, tmp_path: Path
) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    write_results(folder, {"f16": GOOD[:300], "q4": MUCH_WORSE[:300]}, [REGRESSION])
    (verdict,) = judge_results(folder, "main", baselines).verdicts
    assert (verdict.outcome, verdict.n) == ("not met", 300)


def test_other_prompts_than_the_baselines_are_refused(folder: Path, tmp_path: Path) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [REGRESSION], prompts={"q4": "other"})
    (verdict,) = judge_results(folder, "main", baselines).verdicts
    assert not verdict.passed and "different prompts" in verdict.reason


def test_models_that_read_different_prompts_are_not_compared(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP], prompts={"q4": "other"})
    (verdict,) = judge_results(folder, None, tmp_path).verdicts
    assert not verdict.passed and "different prompts" in verdict.reason


def test_a_model_that_the_baseline_lacks_is_not_met(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD}, [])
    save_baseline(folder, "main", tmp_path / "baselines")
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [REGRESSION])
    (verdict,) = judge_results(folder, "main", tmp_path / "baselines").verdicts
    assert not verdict.passed and "has no answers of it" in verdict.reason


def test_gates_against_a_baseline_wait_until_one_is_named(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP, REGRESSION])
    judged = judge_results(folder, None, tmp_path)
    assert len(judged.verdicts) == 1 and judged.waiting == 1
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [REGRESSION])
    with pytest.raises(InputError, match="every gate of the suite is against a baseline"):
        judge_results(folder, None, tmp_path)


def test_a_failed_model_does_not_meet_its_gate(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP], failed=["q4"])
    judged = judge_results(folder, None, tmp_path)
    assert judged.exit_code == 3 and "it fell over" in judged.verdicts[0].reason


@pytest.mark.parametrize("limit", [{"min": 0.85}, {"max": 0.95}])
def test_a_limit_needs_no_comparison(folder: Path, tmp_path: Path, limit: dict[str, float]) -> None:
    gate = {"models": ["f16"], "task": "sentiment", "metric": "accuracy", **limit}
    write_results(folder, {"f16": GOOD}, [gate])
    (verdict,) = judge_results(folder, None, tmp_path).verdicts
    assert (verdict.outcome, verdict.baseline, verdict.value) == ("met", "", 0.9)


def test_the_confidence_of_a_gate_widens_its_bounds(folder: Path, tmp_path: Path) -> None:
    write_results(
        folder, {"f16": GOOD, "q4": SLIGHTLY_WORSE}, [DROP, {**DROP, "confidence": 0.999}]
    )
    usual, surer = judge_results(folder, None, tmp_path).verdicts
    assert usual.low is not None and surer.low is not None
    assert surer.low < usual.low < -0.01


def test_a_baseline_is_not_replaced_by_accident(folder: Path, tmp_path: Path) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    with pytest.raises(InputError, match="there is a baseline already"):
        save_baseline(folder, "main", baselines)
    write_results(folder, {"f16": GOOD, "q4": MUCH_WORSE}, [DROP])
    save_baseline(folder, "main", baselines, replace=True)
    assert judge_results(folder, "main", baselines).verdicts[1].outcome == "met"


def test_a_baseline_is_whole_or_not_there(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP])
    (folder / "cells" / "q4" / "sentiment" / "samples.jsonl").unlink()
    with pytest.raises(InputError, match="no samples of q4/sentiment"):
        save_baseline(folder, "main", tmp_path / "baselines")
    assert list((tmp_path / "baselines").iterdir()) == []


def test_a_baseline_of_failed_cells_is_not_saved(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP], failed=["q4"])
    with pytest.raises(InputError, match="these cells failed: q4/sentiment"):
        save_baseline(folder, "main", tmp_path / "baselines")


@pytest.mark.parametrize("name", ["../main", "", "a/b", ".hidden"])
def test_a_name_is_not_a_path(folder: Path, tmp_path: Path, name: str) -> None:
    write_results(folder, {"f16": GOOD}, [])
    with pytest.raises(InputError, match="cannot be the name of a baseline"):
        save_baseline(folder, name, tmp_path)


def test_an_unknown_baseline_names_those_that_are_there(folder: Path, tmp_path: Path) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    with pytest.raises(InputError) as caught:
        find_baseline("mian", baselines)
    assert caught.value.hint == "There are: main."


def test_where_no_gate_can_be_judged_the_gates_do_not_pass(folder: Path, tmp_path: Path) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP])
    store = ResultsStore(folder)
    summary = store.summary()
    assert summary is not None
    partial = Partial(missing=[("q4", "sentiment")], gates=1)
    cells = [cell for cell in summary.cells if cell.model == "f16"]
    store.write_summary(summary.model_copy(update={"cells": cells, "partial": partial}))
    with pytest.raises(InputError, match="their cells have not been asked"):
        judge_results(folder, None, tmp_path)


def without_wrong_answers(samples: Path) -> None:
    """Takes a few answers that are wrong out of a file, as somebody might who wants a gate to be met."""
    lines = samples.read_bytes().splitlines(keepends=True)
    wrong = [line for line in lines if b'"accuracy":0.0' in line]
    samples.write_bytes(b"".join(line for line in lines if line not in wrong[:20]))


def one_bit(samples: Path) -> None:
    """Turns a bit of an answer, and keeps the file's time: its line is none any more. Who reads it next is another
    process."""
    state, content = samples.stat(), bytearray(samples.read_bytes())
    content[len(content) // 2] ^= 1
    samples.write_bytes(content)
    os.utime(samples, ns=(state.st_atime_ns, state.st_mtime_ns))
    marks._KNOWN.clear()


def no_result(samples: Path) -> None:
    """Takes away what tells which answers there were, too."""
    without_wrong_answers(samples)
    (samples.parent / "result.json").unlink()


def no_seal(samples: Path) -> None:
    """Lowers the limit of the gate in the suite that the summary holds."""
    file = samples.parents[3] / "summary.json"
    data = json.loads(file.read_text())
    del data[SEAL]
    data["suite"]["spec"]["gates"][0]["max_drop"] = 0.9
    file.write_text(json.dumps(data))


CHANGES = (without_wrong_answers, one_bit, no_result)


@pytest.mark.parametrize("change", [*CHANGES, no_seal])
@pytest.mark.parametrize("whose", ["its own", "the baseline's"])
def test_no_gate_is_judged_by_what_does_not_follow_from_the_answers(
    folder: Path, tmp_path: Path, change: Callable[[Path], None], whose: str
) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    write_results(folder, {"f16": GOOD, "q4": MUCH_WORSE}, [DROP])
    changed = folder if whose == "its own" else baselines / "main"
    change(changed / "cells" / "q4" / "sentiment" / "samples.jsonl")
    with pytest.raises(InputError) as refused:
        judge_results(folder, "main", baselines)
    assert str(changed) in refused.value.message and "harness run SUITE" in refused.value.hint
    said = refused.value.message
    assert (
        "nothing is judged by that" in said or "worked out from answers that were changed" in said
    )


@pytest.mark.parametrize("change", CHANGES)
def test_neither_a_baseline_nor_a_comparison_is_made_of_changed_answers(
    folder: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    write_results(folder, {"f16": GOOD, "q4": MUCH_WORSE}, [DROP])
    change(folder / "cells" / "q4" / "sentiment" / "samples.jsonl")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HarnessWarning)
        with pytest.raises(InputError, match="no figure is worked out from answers that were changed"):  # fmt: skip
            compare_results(folder, ["f16", "q4"], Wanted())
        with pytest.raises(InputError, match="no figure is worked out from answers that were changed"):  # fmt: skip
            save_baseline(folder, "main", tmp_path / "baselines")
    assert list((tmp_path / "baselines").iterdir()) == []


def test_a_summary_that_was_passed_on_alone_and_edited_passes_no_gate(
    folder: Path, tmp_path: Path
) -> None:
    write_results(folder, {"f16": GOOD, "q4": GOOD}, [DROP])
    shutil.rmtree(folder / "cells")
    assert judge_results(folder, None, tmp_path).exit_code == 3, "there are no answers"
    file = folder / "summary.json"
    file.write_text(file.read_text().replace("sentences", "others"))
    with pytest.raises(InputError, match="taken at its word"):
        judge_results(folder, None, tmp_path)


def test_line_ends_that_version_control_sets_are_no_change(folder: Path, tmp_path: Path) -> None:
    baselines = saved(folder, GOOD, tmp_path)
    before = judge_results(folder, "main", baselines).verdicts
    for file in (baselines / "main").rglob("*.json*"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge_results(folder, "main", baselines).verdicts == before
    samples = baselines / "main" / "cells" / "q4" / "sentiment" / "samples.jsonl"
    without_wrong_answers(samples)
    with pytest.raises(InputError, match=r"samples.jsonl has .* instead of"):
        judge_results(folder, "main", baselines)
