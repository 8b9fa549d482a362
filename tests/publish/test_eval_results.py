"""`.eval_results`: only registered benchmarks, asked whole, and read by the Hub's own library."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from harness.errors import InputError
from harness.publish.eval_results import eval_results
from harness.records import Cell, Summary, Value
from tests.analysis.samples import descriptors
from tests.reporting.fixture import quickstart


def benchmark(hub: str = "TIGER-Lab/MMLU-Pro", n: int = 12032, **dataset: Any) -> Summary:
    """A multiple-choice task on the Hub, beside the sentiment task."""
    whole = quickstart()
    settings = {"dataset": {"hub": hub, "revision": "a" * 40, **dataset}}
    changes = {"type": "multiple_choice", "dataset": hub, "settings": settings, "shots": 5}
    changes |= {"metrics": descriptors("multiple_choice"), "available": 12032}
    task = whole.tasks["sentiment"].model_copy(update=changes)
    value = Value(value=0.3175, low=0.3092, high=0.3259)
    cell = Cell(key="k", model="base", task="pro", status="ok", n=n, metrics={"accuracy": value})
    kept = [c for c in whole.cells if (c.model, c.task) == ("base", "sentiment")]
    return quickstart(tasks={**whole.tasks, "pro": task}, cells=[*kept, cell])


def test_the_library_of_the_hub_reads_the_score_as_the_benchmark_gives_it() -> None:
    made = eval_results(benchmark(), "base", "https://example.org/results")
    ((path, data),) = made.files.items()
    assert path == ".eval_results/quickstart.yaml"
    (entry,) = parse_eval_result_entries(yaml.safe_load(data))
    assert (entry.dataset_id, entry.task_id) == ("TIGER-Lab/MMLU-Pro", "mmlu_pro")
    assert entry.value == 0.3175 * 100 and entry.dataset_revision == "a" * 40
    assert (
        entry.notes is not None
        and entry.notes.startswith("5-shot")
        and "30.92 to 32.59" in entry.notes
    )
    assert entry.source_url == "https://example.org/results"
    assert any("sentiment is on phrasebank-sample" in one for one in made.warnings)


@pytest.mark.parametrize(
    ("summary", "why"),
    [
        (quickstart(), "sentiment is on phrasebank-sample, which is not on the Hub"),
        (benchmark("org/other"), "org/other, which is no registered benchmark"),
        (benchmark(n=100), "asked 100 of 12,032 examples"),
        (benchmark("Idavidrein/gpqa", config="gpqa_main"), "the benchmark is gpqa_diamond"),
    ],
)
def test_what_is_no_score_of_a_benchmark_is_named_with_the_place_for_it(
    summary: Summary, why: str
) -> None:
    with pytest.raises(InputError) as raised:
        eval_results(summary, "base")
    assert why in raised.value.message and "--as model-card" in raised.value.hint
