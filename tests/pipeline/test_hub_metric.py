"""A metric whose code lies on the Hub: a stand-in on this machine that speaks its protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.walk import Quiet
from tests.hub.hub_client import hub
from tests.hub.stand_in import HubStandIn
from tests.metrics.metrics import write_metric

__all__ = ["hub"]

SPACE = "spaces/evaluate-metric/lengths"
SUITE = """\
name: metrics
defaults: {seed: 0, limit: 4}
models:
  base: {source: starter}
tasks:
  dialogue:
    type: summarize
    dataset: dialogue-sample
    max_new_tokens: 4
    metrics: [{evaluate: lengths, revision: v1, trust_remote_code: true}]
"""


def commit(hub: HubStandIn, folder: Path, body: str) -> None:
    """The Space as the Hub has them: the script, a file that it imports, and a web page."""
    script = write_metric(folder, "lengths", body, imports="from .counting import count")
    files = {
        "lengths.py": script.read_bytes(),
        "counting.py": b"def count(text):\n    return len(text)\n",
        "app.py": b"import gradio\n",
        "README.md": b"# Lengths\n",
    }
    hub.tag(SPACE, "v1", hub.commit(SPACE, files))


@pytest.fixture
def stocked(hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubStandIn:
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    commit(
        hub, tmp_path / "space", 'return {"mean": sum(map(count, predictions)) / len(predictions)}'
    )
    return hub


def ran(folder: Path, text: str = SUITE) -> Outcome:
    (folder / "suite.yaml").write_text(text)
    options = Options(results=folder / "results", home=folder / "home")
    return run(prepare(folder / "suite.yaml", options), options, Quiet(), [])


def test_a_metric_is_fetched_at_its_commit_and_scores(stocked: HubStandIn, tmp_path: Path) -> None:
    (cell,) = ran(tmp_path).summary.cells
    assert cell.error is None
    lines = (tmp_path / "results/metrics/cells/base/dialogue/samples.jsonl").read_text()
    samples = [json.loads(line) for line in lines.splitlines()]
    assert [s["scores"]["lengths"] for s in samples] == [len(s["answer"]) for s in samples]
    assert not [path for path in stocked.bodies() if path.endswith(("app.py", "README.md"))]
    fetched = len(stocked.bodies())
    commit(stocked, tmp_path / "space", 'return {"mean": 3}')
    (cell,) = ran(tmp_path).summary.cells
    assert cell.metrics["lengths"].value == 3
    assert len(stocked.bodies()) > fetched


def test_what_is_no_metric_fails_the_cell_with_its_name(
    stocked: HubStandIn, tmp_path: Path
) -> None:
    stocked.tag("spaces/org/page", "v1", stocked.commit("spaces/org/page", {"app.py": b""}))
    (cell,) = ran(tmp_path, SUITE.replace("lengths", "org/page")).summary.cells
    assert cell.error is not None and cell.error.kind == "missing-file"
    assert "has no file page.py, so it is no metric of `evaluate`" in cell.error.message
