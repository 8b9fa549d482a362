"""`harness models export`: every form of a model, as files that plain libraries open."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from harness.cli.models import export_model
from harness.deploying.licences import licences
from harness.deploying.wanted import wanted
from harness.engines import open_engine
from harness.engines.gguf_file import gguf_info
from harness.engines.protocol import EngineSpec
from harness.errors import InputError
from harness.runner.known import known
from harness.runner.run import Options, prepare
from harness.starter import MODEL_FOLDER
from harness.suite.reader import read_suite
from tests.engines.models import write_adapter
from tests.pipeline.in_process import run_here

SUITE = """\
name: handed-on
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], limit: 8, epochs: 1}}
  dora: {from: base, finetune: {method: dora, tasks: [sentiment], limit: 8, epochs: 1}}
  lora-q4: {from: lora, gguf: Q4_K_M}
  loaded: {source: starter, quantize: nf4}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 4}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    run_here(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    file = tmp_path / "suite.yaml"
    file.write_text(SUITE)
    return file


def exported(suite: Path, model: str, *types: str) -> int:
    return export_model(suite, model, suite.parent / "out", types, Path("results"), None, False)


def test_plain_libraries_open_what_was_written(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = suite.parent / "out"
    assert exported(suite, "lora", "Q8_0") == 0
    said = capsys.readouterr().out
    names = {file.name for file in out.iterdir()}
    assert names == {
        "adapter", "weights", "lora.Q8_0.gguf", "Modelfile.Q8_0", "lora.lora.gguf", "README.md",
    }  # fmt: skip
    assert all(name in said for name in names)
    ids = torch.tensor([[1, 300, 301, 302, 303]])
    base = AutoModelForCausalLM.from_pretrained(MODEL_FOLDER, dtype=torch.float32)
    with torch.no_grad():
        before = base(ids).logits
        adapted = PeftModel.from_pretrained(base, out / "adapter")(ids).logits
        whole = AutoModelForCausalLM.from_pretrained(out / "weights", dtype=torch.float32)
        merged = whole(ids).logits
    assert (adapted - before).abs().max() > 1e-3
    assert (merged - adapted).abs().max() < 0.05
    engine = open_engine(EngineSpec(gguf=str(out / "lora.Q8_0.gguf"), threads=1))
    assert engine.info.dtype == "Q8_0"
    engine.close()
    assert gguf_info(out / "lora.lora.gguf").tensors
    assert not list(out.rglob("manifest.json"))
    card = (out / "README.md").read_text()
    assert "starter → LoRA, rank 16" in card and "Nothing was measured" in card
    assert "| the weights of the starter | Apache-2.0 |" in card
    assert "| learned: `phrasebank-sample` | Apache-2.0 |" in card
    assert exported(suite, "lora", "Q8_0") == 0, "what an export wrote, the next one replaces"


def test_an_adapter_that_llama_cpp_does_not_know_is_left_out_and_told(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(suite, "dora", "F16") == 0
    assert not (suite.parent / "out" / "dora.lora.gguf").exists()
    assert (suite.parent / "out" / "dora.F16.gguf").exists()
    assert "left out" in (said := capsys.readouterr().err) and "DoRA" in said


def test_the_card_has_the_licences_of_what_others_made(suite: Path, tiny: Path) -> None:
    """Those of weights in a folder and of an adapter on them, by their own cards; what says none, says so."""
    folder = Path(shutil.copytree(tiny, suite.parent / "weights"))
    (folder / "README.md").write_text("---\nlicense: other\nlicense_name: llama3\n---\n")
    write_adapter(suite.parent / "theirs", folder)
    (suite.parent / "theirs" / "README.md").unlink()
    suite.write_text(
        "name: theirs\nmodels:\n  base: {source: weights}\n  theirs: {from: base, adapter: theirs}\n"
        "  q4: {from: theirs, gguf: Q4_K_M}\ntasks:\n  sentiment: {type: classify, dataset: phrasebank-sample}\n"
    )
    found = prepare(suite, Options(home=suite.parent / "home"))
    for model in ("theirs", "q4"):
        section = licences(found, model)
        assert "| the weights `weights` | llama3 |" in section
        assert "| the adapter `theirs` | not stated |" in section
    assert "adapter" not in licences(found, "base")


def test_a_folder_of_somebody_elses_is_not_touched(suite: Path) -> None:
    mine = suite.parent / "out" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(InputError, match="holds files that no export wrote"):
        exported(suite, "lora-q4")
    assert mine.read_text() == "mine"


def test_a_gguf_is_handed_on_as_it_is(suite: Path) -> None:
    forms = wanted(read_suite(suite, known()), "lora-q4", [], known().gguf_types)
    assert forms.ggufs == (("Q4_K_M", "lora-q4"),) and not (forms.adapter or forms.weights)


def test_types_come_from_the_suite_where_the_command_names_none(suite: Path) -> None:
    given = read_suite(suite, known())
    forms = wanted(given, "lora", [], known().gguf_types)
    assert forms.ggufs == (("Q4_K_M", "lora-q4"),)
    assert [type_ for type_, _ in wanted(given, "base", [], known().gguf_types).ggufs] == [
        "F16",
        "Q4_K_M",
    ]


@pytest.mark.parametrize(
    ("model", "types", "said"),
    [
        ("lroa", [], "no model `lroa`"),
        ("lora", ["Q4"], "unknown GGUF type `Q4`"),
        ("lora-q4", ["Q8_0"], "is a GGUF already"),
        ("loaded", [], "quantized while it is loaded"),
    ],
)
def test_what_cannot_be_made_is_refused(
    suite: Path, model: str, types: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        wanted(read_suite(suite, known()), model, types, known().gguf_types)


def test_the_command_tells_in_json_what_it_wrote(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = export_model(suite, "lora-q4", suite.parent / "out", [], Path("results"), None, True)
    told = json.loads(capsys.readouterr().out)
    assert code == 0 and told["left_out"] == {}
    assert told["files"] == ["lora-q4.Q4_K_M.gguf", "Modelfile.Q4_K_M", "README.md"]
