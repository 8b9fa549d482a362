"""`trust_remote_code` and `pickle`: for the model that the suite names and what is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records import Failure, Permission
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Outcome
from tests.models.own_code import with_own_code, with_pickle
from tests.pipeline.conftest import Notes, Place, write_random_llama

SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0, limit: 2}
models:
  own: {source: own, trust_remote_code: true}
  lora: {from: own, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 4, epochs: 1}}
  whole: {from: lora, merge: full}
  same: {source: own}
  pickled: {source: pickled, pickle: true}
  plain: {source: llama}
  refused: {source: pickled}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Outcome, Notes]:
    folder = tmp_path_factory.mktemp("permissions")
    write_random_llama(folder / "llama")
    with_own_code(folder / "llama", folder / "own")
    with_pickle(folder / "llama", folder / "pickled")
    (folder / "mine.yaml").write_text(SUITE)
    place = Place(folder, folder / "mine.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN_CODE_RAN", str(folder / "ran"))
        patch.setenv("HF_MODULES_CACHE", str(folder / "modules"))
        return place, *place.run()


def errors(outcome: Outcome) -> dict[str, Failure]:
    return {c.model: c.error for c in outcome.summary.cells if c.error is not None}


def test_what_is_allowed_runs_and_what_is_made_from_it_too(
    ran: tuple[Place, Outcome, Notes],
) -> None:
    place, outcome, _ = ran
    done = {c.model for c in outcome.summary.cells if c.status == "ok"}
    assert done == {"own", "lora", "whole", "pickled", "plain"}
    assert (place.folder / "ran").exists()
    values = {c.model: c.metrics["accuracy"].value for c in outcome.summary.cells if not c.error}
    assert values["pickled"] == values["plain"]
    merge = outcome.summary.models["whole"].merge_parity
    assert merge is not None and merge.passed


def test_a_permission_does_not_reach_another_model_of_the_same_folder(
    ran: tuple[Place, Outcome, Notes],
) -> None:
    _, outcome, _ = ran
    found = errors(outcome)
    assert found.keys() == {"same", "refused"}
    assert "is not run" in found["same"].message
    assert "add `trust_remote_code: true` to the model `same`" in found["same"].hint
    assert "add `pickle: true` to the model `refused`" in found["refused"].hint


def test_results_and_report_say_what_was_allowed(
    ran: tuple[Place, Outcome, Notes], tmp_path: Path
) -> None:
    _, outcome, _ = ran
    models = outcome.summary.models
    for name in ("own", "lora", "whole"):
        assert models[name].permissions == [Permission(model="own", allows="code")]
    assert models["pickled"].permissions == [Permission(model="pickled", allows="pickle")]
    assert models["plain"].permissions == models["same"].permissions == []
    report = markdown(document(outcome.summary))
    assert "ran code that came with it" in report and "was read from a pickle" in report
