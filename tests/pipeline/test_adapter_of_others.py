"""An adapter that was trained elsewhere: what its files say is in the summary, of what was made with it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.models.adapter_card import adapter_facts
from harness.runner.run import Options, prepare, run
from harness.starter import MODEL_FOLDER
from tests.engines.models import write_adapter
from tests.pipeline.conftest import Notes
from tests.pipeline.in_process import run_here

SUITE = """\
name: theirs
forgetting: false
models:
  base:   {source: starter}
  theirs: {from: base, adapter: adapter}
  merged: {from: theirs, merge: full}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 4}
"""


def test_what_its_files_say_is_in_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    write_adapter(tmp_path / "adapter", MODEL_FOLDER)
    (tmp_path / "suite.yaml").write_text(SUITE)
    options, notes = Options(results=tmp_path / "results", home=tmp_path / "home"), Notes()
    summary = run(prepare(tmp_path / "suite.yaml", options), options, notes, []).summary
    assert notes.failures == {} and {cell.status for cell in summary.cells} == {"ok"}
    facts = adapter_facts(tmp_path / "adapter")
    assert facts.ranks == [4] and facts.weights
    found = {name: of.adapter for name, of in summary.models.items()}
    assert found == {"base": None, "theirs": facts, "merged": facts}
