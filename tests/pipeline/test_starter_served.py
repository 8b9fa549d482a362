"""The starter in process, behind two real servers, and as a hosted API with a price: one suite, one report."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from harness.records import Cell
from harness.reporting.write import write_report
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet
from tests.engines.endpoint.evaluating import Evaluating
from tests.engines.endpoint.standin import standing_in

SUITE = """
name: starter-served
defaults: {limit: 12}
machine: {price_per_hour: 0.1, currency: USD}
models:
  base:         {source: starter}
  local:        {from: base, gguf: F16}
HOSTED
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, models: ASKED}
  dialogue:  {type: summarize, dataset: dialogue-sample, limit: 4, max_new_tokens: 12, models: ASKED}
"""
SERVED = """
  llama-cpp:    {from: local, serve: llama-cpp}
  transformers: {from: base, serve: transformers}
  hosted:
    endpoint:
      url: URL
      model: toy
      api: chat
      prices: {input: 0.5, output: 1.5, currency: USD}
compare:
  served: {baseline: local, candidates: [llama-cpp]}
  hosted: {baseline: local, candidates: [hosted], prompts: any}
"""
NEEDED = ("llama_cpp.server", "sse_starlette", "starlette_context", "pydantic_settings", "openai")


def lacking() -> list[str]:
    return [name for name in NEEDED if importlib.util.find_spec(name.split(".")[0]) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(lacking()), reason=f"the extra `serve` is not installed: {lacking()}")
def test_the_starter_is_compared_in_process_under_both_servers_and_as_a_hosted_api(
    tmp_path: Path,
) -> None:
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    suite = tmp_path / "suite.yaml"
    here = "[base, local]"
    suite.write_text(SUITE.replace("HOSTED", "").replace("ASKED", here))
    made = run(prepare(suite, options), options, Quiet(), [])
    assert not made.failures
    (gguf,) = (tmp_path / "home" / "artifacts" / "convert").rglob("*.gguf")
    with standing_in(Evaluating(gguf)) as hosted:
        everyone = "[base, local, llama-cpp, transformers, hosted]"
        text = SUITE.replace("HOSTED", SERVED.replace("URL", hosted.url))
        suite.write_text(text.replace("ASKED", everyone))
        outcome = run(prepare(suite, options), options, Quiet(), [])
    assert not outcome.failures, outcome.failures
    cells: dict[tuple[str, str], Cell] = {(c.model, c.task): c for c in outcome.summary.cells}
    assert len(cells) == 10 and {cell.status for cell in cells.values()} == {"ok"}
    assert cells["llama-cpp", "sentiment"].details["served"]["ways"] == {"loglikelihood": 12}
    values = {cells[name, "sentiment"].metrics["accuracy"].value for name in ("local", "llama-cpp")}
    assert len(values) == 1
    served = [of for of in outcome.summary.comparisons if of.name == "served"]
    assert {(of.delta, of.reason) for of in served if of.metric in ("accuracy", "rougeL")} == {
        (0.0, None)
    }
    assert all(of.reason is None for of in outcome.summary.comparisons)
    write_report(outcome.summary, tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Served and in process, side by side" in page
