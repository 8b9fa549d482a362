"""Free writing in a suite: its prompts, their names, and what depends on them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.plan.params import Chat, PromptsParams
from harness.plan.steps import Step
from harness.runner.known import known
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite
from harness.suite.schema import WriteTask, json_schema
from tests.plan.test_builder import FakeResolver, changed

SUITE = """\
name: texts
models:
  base: {source: starter}
  f16: {from: base, gguf: F16}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  coherence:
    type: write
    prompts:
      - Why is the sky blue?
      - |
        Write a haiku.
      - {id: plan, prompt: Plan a day.}
"""


def plan(text: str = SUITE, limit: int | None = None) -> Plan:
    suite = parse_suite(text, Path("suite.yaml"), known())
    return make_plan(suite, FakeResolver().resolve(suite), limit)


def asked(found: Plan) -> Step:
    return found.steps[found.prompts["coherence", "base"]]


def mistakes(text: str) -> str:
    with pytest.raises(SuiteError) as error:
        parse_suite(text, Path("suite.yaml"), known())
    return "\n".join(problem.text("suite.yaml") for problem in error.value.problems)


def task(*prompts: object) -> WriteTask:
    return WriteTask.model_validate({"type": "write", "prompts": list(prompts)})


def test_prompts_go_by_their_first_words_where_they_have_no_id() -> None:
    assert list(asked(plan()).given(PromptsParams).prompts) == [
        ("why-is-the-sky-blue", "Why is the sky blue?"),
        ("write-a-haiku", "Write a haiku."),
        ("plan", "Plan a day."),
    ]


def test_every_prompt_has_a_name_of_its_own() -> None:
    found = task("Go on!", "Go on?", {"id": "go-on-2", "prompt": "Go on."}, "…", "¿?", "x" * 99)
    assert list(found.named) == ["go-on", "go-on-3", "go-on-2", "prompt", "prompt-2", "x" * 40]
    assert list(task("Warum ist der Himmel so überaus blau?").named) == [
        "warum-ist-der-himmel-so-überaus"
    ]


def test_a_changed_prompt_is_asked_anew_and_nothing_else_is() -> None:
    after = plan(SUITE.replace("Plan a day.", "Plan a night."))
    assert {name for _, name in changed(plan(), after)} == {"coherence"}


def test_another_limit_of_tokens_is_another_answer_to_the_same_prompts() -> None:
    text = SUITE.replace("type: write", "type: write\n    max_new_tokens: 9")
    after = plan(text)
    assert {name for _, name in changed(plan(), after)} == {"coherence"}
    assert asked(after).key == asked(plan()).key


def test_a_system_message_and_settings_of_the_template_change_what_is_asked() -> None:
    told = plan(SUITE.replace("type: write", "type: write\n    system: Be brief."))
    assert asked(told).given(PromptsParams).system == "Be brief."
    assert {name for _, name in changed(plan(), told)} == {"coherence"}
    thoughtless = plan(SUITE.replace("{source: starter}", "{source: starter, thinking: false}"))
    assert asked(thoughtless).given(PromptsParams).chat == Chat(thinking=False)
    assert not {"system", "chat"} & asked(plan()).params.data().keys()


def test_a_suites_limit_leaves_the_prompts_and_the_command_lines_takes_the_first() -> None:
    limited = plan(SUITE.replace("models:", "defaults: {limit: 1}\nmodels:", 1))
    assert asked(limited).key == asked(plan()).key
    first = asked(plan(limit=2)).given(PromptsParams)
    assert [id for id, _ in first.prompts] == ["why-is-the-sky-blue", "write-a-haiku"]
    assert first.available == 3


def test_prompts_are_checked_like_those_of_any_task_and_have_no_floor() -> None:
    found = plan()
    assert "coherence" not in found.floors
    checks = [step for step in found.steps.values() if step.kind in ("check", "parity")]
    assert checks and all(
        step.parents["prompts.coherence"] == found.prompts["coherence", "base"] for step in checks
    )


def test_nothing_can_be_learned_from_free_writing() -> None:
    text = SUITE.replace(
        "  f16:", "  lora: {from: base, finetune: {method: lora, tasks: [coherence]}}\n  f16:"
    )
    said = mistakes(text)
    assert "`coherence` has no answers to learn from" in said
    assert "Valid: sentiment" in said


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ("[]", "at least one entry is needed"),
        ("['  ']", "a prompt without a word"),
        ("[a, b, a]", "a prompt stands here twice: a"),
        ("[{id: x, prompt: a}, {id: x, prompt: b}]", "an id stands here twice: x"),
        ("[{promt: a}]", "Did you mean `prompt`?"),
        ("[Explain: why]", "A text that holds `: ` stands in quotation marks."),
        ("[{id: x/y, prompt: a}]", "`x/y` cannot be used as a name"),
        ("hello", "this should be a list, not `hello`"),
        ("[7]", "not `7`"),
        ("[a], limit: 3", "tasks.t.limit: unknown key"),
        ("[a], shots: 3", "tasks.t.shots: unknown key"),
    ],
)
def test_a_wrong_prompt_is_named_with_its_line(prompts: str, said: str) -> None:
    found = mistakes(
        "name: x\nmodels: {base: {source: starter}}\n"
        f"tasks:\n  t: {{type: write, prompts: {prompts}}}\n"
    )
    assert said in found
    assert found.startswith("suite.yaml:4:")


def test_a_gate_on_free_writing_takes_its_metrics_alone() -> None:
    gate = "gates:\n  - {models: [base], task: coherence, metric: METRIC, max: 0.5}\n"
    parse_suite(SUITE + gate.replace("METRIC", "repetition"), Path("suite.yaml"), known())
    said = mistakes(SUITE + gate.replace("METRIC", "accuracy"))
    assert "a `write` task has no metric `accuracy`" in said
    assert "empty, repetition, truncated" in said


def test_a_mistyped_key_of_a_data_set_of_ones_own_is_named() -> None:
    said = mistakes(
        "name: x\nmodels: {base: {source: starter}}\ntasks:\n"
        "  t: {type: classify, dataset: {file: a.csv, prompt: a, target: b, fille: c}}\n"
    )
    assert "tasks.t.dataset.fille: unknown key" in said and "Did you mean `file`?" in said


def test_editors_take_texts_and_mappings_for_prompts() -> None:
    import jsonschema

    jsonschema.validate(yaml.safe_load(SUITE), json_schema())
