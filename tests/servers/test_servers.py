"""Real servers, started for the starter model and asked what it is asked in process: `make test-servers`.

A server that is not installed is skipped, with the reason. What each did is printed; docs/servers.md
holds it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import MissingToolError
from harness.runner.run import Options, prepare, run
from harness.serving.installed import installed
from tests.pipeline.conftest import Notes

ROOT = Path(__file__).parents[2]
VLLM = ROOT / ".venv-servers-vllm" / "bin" / "python"
LLAMA_SERVER = ROOT / ".venv-servers-llama-server" / "llama-server"
SENTENCES, DIALOGUES, NEW_TOKENS = 20, 8, 24
AGREES = 1e-3
"""Nats between a log-probability in process and of the same file served."""
SUITE = """
name: servers
defaults: {{seed: 0, limit: {sentences}}}
models:
  base: {{source: starter, dtype: float32}}
  f16:  {{from: base, gguf: F16}}
  served: {{from: {of}, {dtype}serve: {serve}}}
tasks:
  sentiment: {{type: classify, dataset: phrasebank-sample}}
  dialogue:  {{type: summarize, dataset: dialogue-sample, limit: {dialogues}, max_new_tokens: {tokens}}}
"""


@dataclass(frozen=True)
class Case:
    """A server, how it is started, and by what it can tell labels."""

    server: str
    of: str
    way: str
    python: str = ""
    executable: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    same: int = DIALOGUES
    """Summaries that are the same as in process, at least."""


CASES = {
    "llama_cpp.server": Case("llama-cpp", "f16", "loglikelihood"),
    "llama_cpp.server, chat": Case("llama-cpp", "f16", "first_token", more=(("api", "chat"),)),
    "llama-server": Case("llama-cpp", "f16", "first_token", executable=str(LLAMA_SERVER)),
    "transformers serve": Case("transformers", "base", "parsed"),
    "vLLM": Case(
        "vllm", "base", "loglikelihood", python=str(VLLM),
        more=(
            ("arguments", ["--enforce-eager"]),
            ("environment", {"VLLM_CPU_KVCACHE_SPACE": "1", "TORCHDYNAMO_DISABLE": "1"}),
            ("start_timeout", 900),
        ),
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, Case]:
    found = CASES[request.param]
    try:
        installed(found.server, found.python, found.executable)
    except MissingToolError as error:
        pytest.skip(f"{error.message}: {error.hint}")
    return request.param, found


def samples(results: Path, model: str, task: str) -> dict[str, dict[str, Any]]:
    lines = (results / "cells" / model / task / "samples.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


@pytest.mark.servers
def test_a_server_answers_as_the_model_does_in_process(
    case: tuple[str, Case], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, of = case
    folder = tmp_path_factory.getbasetemp() / "servers"
    folder.mkdir(exist_ok=True)
    given = {"server": of.server, "timeout": 600, **dict(of.more)}
    given |= {key: getattr(of, key) for key in ("python", "executable") if getattr(of, key)}
    dtype = "" if of.of == "f16" else "dtype: float32, "
    suite = SUITE.format(
        sentences=SENTENCES, dialogues=DIALOGUES, tokens=NEW_TOKENS, of=of.of, dtype=dtype,
        serve=json.dumps(given),
    )  # fmt: skip
    (folder / "servers.yaml").write_text(suite)
    options = Options(results=folder / "results", home=folder / "home")
    outcome = run(prepare(folder / "servers.yaml", options), options, Notes(), [])
    assert not outcome.failures, outcome.failures
    results = folder / "results" / "servers"
    cells = {cell.task: cell for cell in outcome.summary.cells if cell.model == "served"}
    told = cells["sentiment"].details["served"]
    here, there = (samples(results, model, "sentiment") for model in (of.of, "served"))
    written = [samples(results, model, "dialogue") for model in (of.of, "served")]
    apart = [
        abs(value - there[key]["data"]["logprobs"][label])
        for key in there
        for label, value in here[key]["data"]["logprobs"].items()
        if told["ways"].get("loglikelihood")
    ]
    labels = sum(here[key]["answer"] == there[key]["answer"] for key in here)
    same = sum(written[0][key]["answer"] == written[1][key]["answer"] for key in written[0])
    tokens = cells["dialogue"].details["served"]["new_tokens"]
    print(
        f"\n{name}: labels by {'+'.join(told['ways'])}, {labels} of {len(here)} the same, "
        f"summaries {same} of {len(written[0])}; log-probabilities apart "
        f"{max(apart) if apart else float('nan'):.1e} nats at most; ready after "
        f"{cells['sentiment'].load_seconds:.1f} s, {cells['sentiment'].seconds:.1f} s and "
        f"{cells['dialogue'].seconds:.1f} s, {tokens / cells['dialogue'].seconds:.0f} tokens/s, "
        f"{cells['dialogue'].footprint['peak_resident_bytes'] / 1e6:.0f} MB; passed over "
        f"{told['passed_over']}"
    )
    assert list(told["ways"]) == [of.way]
    assert told["tokens_here"] == told["tokens_there"]
    assert labels == len(here) and same >= of.same
    if of.way == "loglikelihood":
        assert len(apart) == 3 * SENTENCES and max(apart) < AGREES
    names = {one.name() for one in psutil.Process().children(recursive=True)}
    assert not names & {"llama-server", "VLLM::EngineCore"}
