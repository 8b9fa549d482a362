"""Full fine-tuning: every weight is learned, a whole model comes out, and nothing is merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec
from harness.engines.tokenizer import open_tokenizer
from harness.finetuning import METHODS
from harness.models.finetune.base_model import load_base
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.models.finetune.schedule import default_learning_rate
from harness.records import Training
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Options, prepare, run
from harness.suite.problems import SuiteError
from tests.estimate.suites import by_name, forecasted
from tests.pipeline.conftest import Notes
from tests.pipeline.in_process import run_here
from tests.plan.test_builder import plan

FULL = METHODS["full"]
MODELS = """\
  base: {source: starter}
  full: {from: base, finetune: {method: full, tasks: [sentiment], limit: 8, epochs: 1}}
  full-q4: {from: full, gguf: Q4_K_M}
"""
SUITE = f"""\
name: full
models:
{MODELS}
tasks:
  sentiment: {{type: classify, dataset: phrasebank-sample, limit: 4}}
compare:
  tuning: {{baseline: base, candidates: [full]}}
"""


@pytest.fixture(scope="module")
def tuned(
    tiny: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Training]:
    out = tmp_path_factory.mktemp("full") / "weights"
    recipe = Recipe(method="full", epochs=6.0, batch_tokens=96, learning_rate=2e-3)
    return out, finetune(tiny, examples, recipe, out, lambda *_: None, threads=1)


def test_it_learns_with_every_weight(tiny: Path, tuned: tuple[Path, Training]) -> None:
    out, record = tuned
    assert record.final_loss < record.first_loss - 0.5
    assert record.trainable_parameters == record.total_parameters
    assert record.total_parameters == sum(p.numel() for p in load_base(tiny).parameters())
    assert not {"rank", "alpha", "dropout", "target_modules"} & record.hyperparameters.keys()
    before, after = load_file(tiny / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(not torch.equal(before[name].half(), after[name]) for name in before)


def test_what_comes_out_is_a_whole_model(tiny: Path, tuned: tuple[Path, Training]) -> None:
    out, record = tuned
    assert {"config.json", "model.safetensors", "tokenizer_config.json"} <= {
        file.name for file in out.iterdir()
    }
    assert not list(out.glob("adapter*"))
    assert json.loads((out / "config.json").read_text())["torch_dtype"] == "float16"
    text = "The profit rises."
    assert open_tokenizer(out).encode(text) == open_tokenizer(tiny).encode(text)
    engine = open_engine(EngineSpec(weights=str(out), dtype="float32", threads=1))
    assert engine.info.parameters == record.total_parameters
    assert len(next(iter(engine.distributions(engine.encode(text))))) > 3
    engine.close()


def test_its_default_learning_rate_is_a_tenth_of_that_of_lora() -> None:
    for width in (256, 4096):
        lora = default_learning_rate(width, METHODS["lora"])
        assert default_learning_rate(width, FULL) == pytest.approx(lora / 10)


def test_it_goes_on_to_a_gguf_without_a_merge_and_can_be_a_base() -> None:
    more = "  lora: {from: full, finetune: {method: lora, tasks: [sentiment]}}\n  end: {from: lora, gguf: F16}\n"
    made = plan(SUITE.replace(MODELS, MODELS + more))
    by_label = {step.label: step for step in made.steps.values()}
    chain, step = [], by_label["quantize full to Q4_K_M"]
    while step.kind != "source":
        chain.append(step.kind)
        step = made.steps[step.parents.get("gguf") or step.parents["weights"]]
    assert chain == ["quantize", "convert", "finetune"]
    (merged,) = [step for step in made.steps.values() if step.kind == "merge"]
    assert made.steps[merged.parents["weights"]].label == "fine-tune full (full fine-tuning)"
    assert "rank" not in made.steps[merged.parents["weights"]].params.data()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("method: full", "method: full, rank: 8", "`rank` belongs to an adapter"),
        ("gguf: Q4_K_M", "merge: full", "`full` has no adapter that could be merged"),
    ],
)
def test_what_belongs_to_adapters_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        plan(SUITE.replace(old, new))


def test_the_estimate_counts_gradients_and_two_moments_of_every_weight(tmp_path: Path) -> None:
    found = by_name(forecasted(tmp_path, MODELS))
    need = found["full"].largest("fine-tune")
    assert need is not None and found["full"].disk_bytes > 2 * 4_458_752
    weights, moments = need.resident.of("weights"), need.resident.of("optimizer")
    assert (weights, moments) == (4 * 4_458_752, 8 * 4_458_752)


@pytest.mark.usefixtures("forked")
def test_a_suite_with_it_runs_to_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    (tmp_path / "suite.yaml").write_text(SUITE)
    options, notes = Options(results=tmp_path / "results", home=tmp_path / "home"), Notes()
    summary = run(prepare(tmp_path / "suite.yaml", options), options, notes, []).summary
    assert notes.failures == {} and {cell.status for cell in summary.cells} == {"ok"}
    made, q4 = summary.models["full"], summary.models["full-q4"]
    assert made.training is not None and made.training.method == "full"
    assert q4.parity is not None and q4.parity.passed and q4.merge_parity is None
    assert "| full fine-tuning |" in markdown(document(summary))
