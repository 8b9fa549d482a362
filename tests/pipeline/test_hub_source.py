"""A suite whose model and GGUF lie on the Hub: a stand-in on this machine that speaks its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.gguf_file import gguf_info
from harness.models.gguf.convert import convert
from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.walk import Quiet
from harness.starter import MODEL_FOLDER
from tests.hub.hub_client import TOKEN, hub, point_at
from tests.hub.stand_in import HubStandIn

__all__ = ["hub"]

SUITE = """\
name: hub
defaults: {seed: 0, limit: 4}
models:
  base: {source: org/tiny, revision: v1}
  q8:   {from: base, gguf: Q8_0}
  file: {gguf: org/tiny/gguf/tiny.gguf}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


@pytest.fixture
def stocked(hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubStandIn:
    """A repo with the starter and a GGUF of it, gated by a token that the environment holds."""
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens.add(TOKEN)
    convert(MODEL_FOLDER, tmp_path / "tiny.gguf")
    assert gguf_info(tmp_path / "tiny.gguf").parameters > 0
    contents = {file.name: file.read_bytes() for file in MODEL_FOLDER.iterdir() if file.is_file()}
    commit = hub.commit(
        "org/tiny", contents | {"gguf/tiny.gguf": (tmp_path / "tiny.gguf").read_bytes()}
    )
    hub.tag("org/tiny", "v1", commit)
    return hub


def ran(folder: Path, text: str = SUITE) -> Outcome:
    (folder / "suite.yaml").write_text(text)
    options = Options(results=folder / "results", home=folder / "home")
    return run(prepare(folder / "suite.yaml", options), options, Quiet(), [])


def test_models_are_fetched_once_and_asked(stocked: HubStandIn, tmp_path: Path) -> None:
    outcome = ran(tmp_path)
    assert [(cell.model, cell.status) for cell in outcome.summary.cells] == [
        (name, "ok") for name in ("base", "q8", "file")
    ]
    fetched = len(stocked.bodies())
    assert fetched > 0
    assert ran(tmp_path).ran == 0
    assert len(stocked.bodies()) == fetched
    written = [file for file in tmp_path.rglob("*") if file.is_file() and "hf" not in file.parts]
    assert all(TOKEN.encode() not in file.read_bytes() for file in written)


def test_a_moved_branch_is_another_model_and_a_tag_stays(
    stocked: HubStandIn, tmp_path: Path
) -> None:
    ran(tmp_path)
    contents = {file.name: file.read_bytes() for file in MODEL_FOLDER.iterdir() if file.is_file()}
    gguf = (tmp_path / "tiny.gguf").read_bytes()
    stocked.commit("org/tiny", contents | {"gguf/tiny.gguf": gguf, "notes.txt": b"new"})
    (tmp_path / "suite.yaml").write_text(SUITE)
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    todo = {step.model for step in prepare(tmp_path / "suite.yaml", options).open_cells()}
    assert todo == {"file"}, "the tag names the same commit, main another one"


def test_a_missing_repo_fails_its_own_cells_with_its_own_message(
    stocked: HubStandIn, tmp_path: Path
) -> None:
    outcome = ran(
        tmp_path, SUITE.replace("{source: org/tiny, revision: v1}", "{source: org/tinny}")
    )
    cells = {cell.model: cell for cell in outcome.summary.cells}
    assert cells["file"].status == "ok"
    for name in ("base", "q8"):
        error = cells[name].error
        assert error is not None and "org/tinny" in error.message


def test_without_a_connection_a_run_goes_on_with_what_is_here(
    stocked: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(tmp_path)
    stocked.stop()
    point_at("http://127.0.0.1:9", tmp_path / "hf", monkeypatch)
    assert ran(tmp_path).ran == 0
