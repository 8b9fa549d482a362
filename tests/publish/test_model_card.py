"""Model cards: figures exact in the head, read by the Hub's own library, doubts and failures told."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from harness.publish.model_card import model_card
from harness.records import Check, Partial, SourceStep, Summary
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import hostile
from tests.reporting.variants import with_failures


def card_of(summary: Summary, model: str = "lora-q4") -> Any:
    """A card as the Hub's library reads it."""
    return ModelCard(model_card(summary, model).files["README.md"].decode())


def on_hub() -> Summary:
    """The base model is from the Hub, and so is the data of one task."""
    whole = quickstart()
    models = {
        name: of.model_copy(
            update={"lineage": [SourceStep(name="org/tiny"), *of.lineage[1:]], "synthetic": False}
        )
        for name, of in whole.models.items()
    }
    settings = {"dataset": {"hub": "org/news", "config": "en", "revision": "main"}}
    sentiment = whole.tasks["sentiment"].model_copy(
        update={"dataset": "org/news", "settings": settings, "synthetic": False}
    )
    return quickstart(models=models, tasks={**whole.tasks, "sentiment": sentiment})


def test_the_library_of_the_hub_reads_the_very_numbers() -> None:
    summary = quickstart()
    results = card_of(summary).data.eval_results
    assert results
    found = {(one.metric_args["task"], one.metric_name): one for one in results}
    checked = 0
    for cell in summary.cells:
        if cell.model != "lora-q4" or cell.task == "speed":
            continue
        for name, value in cell.metrics.items():
            one = found[cell.task, summary.tasks[cell.task].metric(name).label]
            assert one.metric_value == value.value
            assert (one.metric_args.get("low"), one.metric_args.get("high")) == (
                value.low,
                value.high,
            )
            checked += 1
    assert checked == len(results) > 10


def test_speeds_are_no_property_of_the_model_and_stay_out_of_its_head() -> None:
    text = card_of(quickstart()).content
    head = yaml.safe_load(text.split("---")[1])
    assert "tokens_per_second" not in str(head["model-index"])
    assert "Decode speed" in text and "Made-up CPU 2000" in text


@pytest.mark.parametrize(
    ("model", "relation", "library"),
    [
        ("lora", "adapter", "peft"),
        ("lora-f16", "finetune", "gguf"),
        ("lora-q4", "quantized", "gguf"),
        ("base", None, "transformers"),
    ],
)
def test_what_a_model_is_to_its_base_is_said_as_the_hub_says_it(
    model: str, relation: str | None, library: str
) -> None:
    head = card_of(on_hub(), model).data
    assert head.get("base_model") == "org/tiny"
    assert head.get("base_model_relation") == relation and head.library_name == library
    assert head.datasets == ["org/news"]
    (one, *_) = [r for r in head.eval_results or [] if r.metric_type == "accuracy"]
    assert (one.dataset_type, one.dataset_config, one.dataset_split) == ("org/news", "en", "test")


def test_a_folder_is_no_base_model_on_the_hub() -> None:
    assert card_of(quickstart()).data.get("base_model") is None


def test_doubt_stands_at_the_speed_and_at_the_difference_that_it_concerns() -> None:
    lines = card_of(quickstart()).text.splitlines()
    speeds = [line for line in lines if "Decode speed" in line]
    assert len(speeds) == 2 and all("⚠" in line for line in speeds)
    assert any("timings are in doubt: lora-q4/speed" in line for line in lines)


def test_failures_and_failed_checks_are_refused_by_name_and_told_in_the_card() -> None:
    failed = Check(name="conversion", model="lora-f16", status="failed", message="logits differ")
    whole = with_failures().model_copy(update={"checks": [failed]})
    made = model_card(whole, "lora-q4")
    text = made.files["README.md"].decode()
    assert any(
        "lora-q4/dialogue failed: worker ended with signal 11" in one for one in made.refusals
    )
    assert any("lora-f16: logits differ" in one for one in made.refusals)  # what it is made from
    assert "signal 11" in text and "`dialogue` failed, and has no figure." in text
    assert "ROUGE" not in text
    assert not model_card(with_failures(), "lora-q8").refusals  # the failure of another model


def test_partial_results_are_refused_by_name() -> None:
    partial = Partial(limit=10, missing=[("lora-q4", "speed"), ("qlora", "speed")])
    missing, limited = model_card(quickstart(partial=partial), "lora-q4").refusals
    assert "partial, 1 cell missing: lora-q4/speed" in missing and "10 examples" in limited


def test_synthetic_models_are_warned_of_and_told() -> None:
    made = model_card(quickstart(), "lora-q4")
    assert any(one.startswith("synthetic models") and "lora-q4" in one for one in made.warnings)
    assert "synthetic" in (card_of(quickstart()).data.tags or [])
    assert "> ⚠ synthetic models" in made.files["README.md"].decode()


def test_hostile_names_break_neither_head_nor_text() -> None:
    summary = hostile()
    model = next(name for name in summary.models if name.startswith("lora-q4"))
    made = model_card(summary, model).files["README.md"].decode()
    card: Any = ModelCard(made)
    assert card.data.model_name == model
    outside = re.sub(r"(?ms)^(`{3,})sh$.*?^\1$", "", card.text)
    assert "harness report" in card.text and "harness report" not in outside
    assert (
        "<img" not in outside
        and "</script" not in outside
        and not re.search(r"(?<!\\)\]\(", outside)
    )
