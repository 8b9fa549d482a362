"""Divergence on a user's text, through a real (random) model, its GGUF and a quantization of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec
from harness.engines.tokenizer import open_tokenizer
from harness.records import Value
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Options, Outcome, prepare
from tests.engines.models import sentences
from tests.pipeline.conftest import Notes, Place, noted, write_random_llama

SUITE = """\
name: mine
models:
  base: {source: model, dtype: float32}
  f16: {from: base, gguf: F16}
  q4: {from: base, gguf: Q4_K_M}
tasks:
  text: {type: divergence, text: corpus.txt, window: 24, reference: f16, limit: 5}
  weights: {type: divergence, text: corpus.txt, window: 24, reference: base, limit: 3}
compare:
  quantization: {baseline: f16, candidates: [q4], tasks: [text]}
"""

First = tuple[Place, Outcome, Notes]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> First:
    folder = tmp_path_factory.mktemp("texts")
    write_random_llama(folder / "model")
    (folder / "corpus.txt").write_text(" ".join(sentences(30)))
    (folder / "texts.yaml").write_text(SUITE)
    place = Place(folder, folder / "texts.yaml")
    outcome, notes = place.run()
    return place, outcome, notes


@pytest.fixture
def place(first_run: First) -> Iterator[Place]:
    """The place after a run; its text is put back afterwards."""
    found, _, _ = first_run
    corpus = found.folder / "corpus.txt"
    text = corpus.read_text()
    yield found
    corpus.write_text(text)


def results(place: Place, name: str) -> Path:
    return place.folder / "results" / "mine" / name


def metrics(outcome: Outcome, model: str, task: str) -> dict[str, float]:
    cell = next(c for c in outcome.summary.cells if (c.model, c.task) == (model, task))
    assert cell.status == "ok", cell.error
    return {name: value.value for name, value in cell.metrics.items() if value.value is not None}


def test_the_reference_is_itself_and_four_bits_are_far_from_it(first_run: First) -> None:
    _, outcome, notes = first_run
    assert notes.failures == {}
    own, four = (metrics(outcome, model, "text") for model in ("f16", "q4"))
    assert {own[n] for n in ("kl_mean", "kl_median", "kl_max", "delta_p_rms")} == {0}
    assert (own["perplexity_ratio"], own["same_top1"]) == (1, 1)
    assert four["kl_max"] >= four["kl_p99"] >= four["kl_median"] > 1e-3
    assert four["kl_mean"] > 100 * metrics(outcome, "base", "text")["kl_mean"]
    assert four["perplexity_ratio"] == pytest.approx(four["perplexity"] / own["perplexity"])


def test_the_figures_are_those_of_one_plain_computation_on_the_same_windows(
    first_run: First,
) -> None:
    place, outcome, _ = first_run
    tokenizer = open_tokenizer(place.folder / "model")
    ids = tokenizer.encode((place.folder / "corpus.txt").read_text(), add_bos=False)
    task = outcome.summary.tasks["weights"]
    assert task.available == -(-len(ids) // 23) and task.n == 3
    samples = [json.loads(line) for line in
               (place.cell("base", "weights") / "samples.jsonl").read_text().splitlines()]  # fmt: skip
    engine = open_engine(EngineSpec(weights=str(place.folder / "model"), dtype="float32"))
    nll = tokens = size = 0.0
    for sample in samples:
        start = 23 * int(sample["id"].removeprefix("window-"))
        window = [tokenizer.bos_id or 0, *ids[start : start + 23]]
        rows = np.concatenate(list(engine.distributions(window)))[:-1]
        nll -= float(rows[np.arange(len(rows)), window[1:]].astype(np.float64).sum())
        tokens += len(rows)
        size += len(tokenizer.decode(window[1:]).encode())
    engine.close()
    found = metrics(outcome, "base", "weights")
    assert found["perplexity"] == pytest.approx(np.exp(nll / tokens), rel=1e-5)
    assert found["bits_per_byte"] == pytest.approx(nll / np.log(2) / size, rel=1e-5)


def test_what_16_bits_alone_change_is_measured_and_far_below_four_bits(first_run: First) -> None:
    _, outcome, notes = first_run
    assert notes.labels[-2:] == [
        "measure what 16 bits change in f16: text",
        "measure what 16 bits change in base: weights",
    ]
    for task in ("text", "weights"):
        floor: dict[str, Value] = outcome.summary.tasks[task].floors["16-bit"]
        rounding, four = floor["kl_mean"], metrics(outcome, "q4", task)["kl_mean"]
        assert rounding.value is not None and rounding.low is not None
        assert 0 < rounding.value < four / 20
        assert "perplexity" not in floor and floor["perplexity_ratio"].value is not None
    # KL(float32 || F16) is what the model in float32 lies from the F16 reference, but for order.
    assert outcome.summary.tasks["text"].floors["16-bit"]["kl_mean"].value == pytest.approx(
        metrics(outcome, "base", "text")["kl_mean"], rel=0.05
    )


def test_differences_of_all_metrics_are_paired_by_window(first_run: First) -> None:
    _, outcome, _ = first_run
    found = {c.metric: c for c in outcome.summary.comparisons}
    assert len(found) == 10
    assert all(c.n == 5 and c.reason is None for c in found.values())
    assert all((c.low is None) == (c.metric == "kl_max") for c in found.values())


def test_the_report_shows_the_floor_and_the_text(first_run: First, tmp_path: Path) -> None:
    _, outcome, _ = first_run
    text = markdown(document(outcome.summary))
    assert "*16-bit rounding*" in text
    assert "corpus.txt in windows of 24 tokens" in text


def test_nothing_is_done_twice_not_even_without_the_artifacts(place: Place, tmp_path: Path) -> None:
    outcome, notes = place.run()
    assert (outcome.ran, notes.labels) == (0, [])
    elsewhere = Options(results=place.folder / "results", home=tmp_path)
    assert prepare(place.suite, elsewhere).to_do() == []


def test_a_half_done_cell_goes_on_and_ends_with_the_same_figures(place: Place) -> None:
    folder = place.cell("q4", "text")
    result = noted(folder)
    lines = (folder / "samples.jsonl").read_text().splitlines()
    (folder / "result.json").unlink()
    (folder / "samples.jsonl").write_text(f"{lines[3]}\n{lines[1]}\n{lines[2][:50]}")
    _, notes = place.run()
    again = noted(folder)
    assert notes.labels == ["ask q4: text"]
    assert again.metrics == result.metrics
    assert set(lines) == set((folder / "samples.jsonl").read_text().splitlines())


def test_a_floor_that_is_missing_is_measured_alone(place: Place) -> None:
    prepared = prepare(
        place.suite, Options(results=place.folder / "results", home=place.folder / "home")
    )
    key = prepared.plan.precision["text"].step
    (results(place, "steps") / f"{key[:24]}.json").unlink()
    manifest = prepared.artifacts.folder(prepared.plan.steps[key]) / "manifest.json"
    manifest.unlink()
    outcome, notes = place.run()
    assert notes.labels == ["measure what 16 bits change in f16: text"]
    assert outcome.summary.tasks["text"].floors["16-bit"]["kl_mean"].value


def test_an_edited_text_is_asked_again(place: Place) -> None:
    corpus = place.folder / "corpus.txt"
    corpus.write_text(corpus.read_text() + " One sentence more.")
    outcome, notes = place.run(only="base/text")
    assert "encode text for base" in notes.labels and "ask base: text" in notes.labels
    assert {cell.task for cell in outcome.summary.cells if cell.model == "base"} == {"text"}
