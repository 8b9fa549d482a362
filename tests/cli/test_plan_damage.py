"""`harness plan` and `harness models export` say which files are not what was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import models
from harness.runner.run import Options, prepare
from tests.cli.test_commands import run

SUITE = """\
name: damage
forgetting: false
models:
  base: {source: starter}
  f16: {from: base, gguf: F16}
tasks:
  speed: {type: speed, prompt_tokens: 8, new_tokens: 8}
"""


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a GGUF that was made, and cut short since."""
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE)
    prepared = prepare(
        tmp_path / "suite.yaml", Options(tmp_path / "results", home=tmp_path / "home")
    )
    step = next(step for step in prepared.plan.steps.values() if step.kind == "convert")
    with prepared.artifacts.making(step) as out:
        assert out is not None
        (out / step.row.file).write_bytes(bytes(100))
        prepared.artifacts.commit(step, out, {}, 1.0)
    file = prepared.artifacts.file(step)
    file.write_bytes(bytes(60))
    return file


def test_a_plan_names_what_is_damaged(
    cut: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = f"{cut} has 60 bytes instead of 100: it is made again"
    code, out, err = run("plan", "suite.yaml", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and f"warning: {said}" in " ".join(err.split())
    assert "warning" not in out
    code, out, _ = run("plan", "suite.yaml", "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and json.loads(out)["damaged"] == [said]


def test_an_export_names_what_is_damaged_before_it_makes_it_again(
    cut: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Begun(Exception):
        pass

    def begin(prepared: object, *_: object) -> None:
        raise Begun

    monkeypatch.setattr(models, "export", begin)
    with pytest.raises(Begun):
        run("models", "export", "suite.yaml", "f16", monkeypatch=monkeypatch, capsys=capsys)
    said = " ".join(capsys.readouterr().err.split())
    assert f"warning: {cut} has 60 bytes instead of 100: it is made again" in said
