"""The graph: what depends on what, and which keys change with what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.capabilities import ON_IDS
from harness.errors import InputError
from harness.hub.records import RepoType
from harness.plan import cells as cells_module
from harness.plan.builder import make_plan
from harness.plan.data import DataRef, InstructionRef
from harness.plan.graph import Plan
from harness.plan.params import (
    Chat,
    ExamplesParams,
    FinetuneParams,
    GgufParams,
    MergeParams,
    PromptsParams,
)
from harness.plan.steps import Step, make_step
from harness.records import DataReading
from harness.resolve.resolver import Resolver
from harness.runner.known import known
from harness.suite.metrics import MetricRef
from harness.suite.reader import parse_suite
from tests.suite.test_reader import GOOD


class FakeResolver(Resolver):
    """Contents and versions that a test can change."""

    def __init__(
        self, model: str = "weights", data: str = "data", peft: str = "1", metric: str = "code"
    ) -> None:
        super().__init__(Path("/nowhere"))
        self.model, self.data, self.peft, self.metric = model, data, peft, metric

    def commit(self, repo: str, revision: str, repo_type: RepoType = "model") -> str:
        return f"commit of {repo} at {revision}"

    def metric_key(self, ref: MetricRef) -> str:
        return f"{self.metric} of {ref.place}"

    def fingerprint(self, path: Path) -> str:
        return f"{self.model} in {path}"

    def located(self, ref: DataRef) -> DataRef:
        return ref

    def dataset_key(self, ref: DataRef) -> str:
        return f"{self.data} of {ref['name']}"

    def reading(self, ref: DataRef) -> DataReading | None:
        return None

    def instructions_reading(self, ref: InstructionRef) -> DataReading | None:
        return None

    def tested_elsewhere(self, learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        return ()

    def instructions_key(self, ref: InstructionRef) -> str:
        return f"{self.data} in {ref['paths']}"

    def tested_instructions(
        self, learned: InstructionRef, tested: Sequence[DataRef]
    ) -> tuple[str, ...]:
        return tuple(str(ref["name"]) for ref in tested)

    def version(self, package: str) -> str:
        return self.peft if package == "peft" else "0"


def plan(text: str = GOOD, resolver: FakeResolver | None = None, limit: int | None = None) -> Plan:
    suite = parse_suite(text, Path("suite.yaml"), known())
    return make_plan(suite, (resolver or FakeResolver()).resolve(suite), limit)


def cells(plan: Plan) -> dict[tuple[str, str], str]:
    return {(cell.model, cell.task): cell.key for cell in plan.cells}


def changed(before: Plan, after: Plan) -> set[tuple[str, str]]:
    old = cells(before)
    return {place for place, key in cells(after).items() if old.get(place) != key}


ADDED = ("general-text", "instructions", "harmful-requests", "harmless-requests")
"""Tasks that are asked before and after a fine-tuning."""


def test_every_model_is_asked_every_task_and_what_a_fine_tuning_may_break_before_and_after() -> (
    None
):
    models, tasks = ("base", "lora", "lora-f16", "lora-q4"), ("sentiment", "fidelity", "speed")
    besides = {(model, task) for model in ("base", "lora") for task in ADDED}
    assert set(cells(plan())) == {(model, task) for model in models for task in tasks} | besides


def test_parents_stand_before_their_children() -> None:
    seen: set[str] = set()
    for step in plan().steps.values():
        assert set(step.parents.values()) <= seen
        seen.add(step.key)


def test_the_chain_runs_from_source_to_quantized_file() -> None:
    graph = plan()
    quantized = next(cell for cell in graph.cells if cell.model == "lora-q4")
    kinds = [graph.steps[key].kind for key in graph.ancestors(quantized)]
    chain = [kind for kind in kinds if kind not in ("prompts", "examples", "check")]
    assert chain == ["source", "finetune", "merge", "convert", "quantize"]


def test_two_quantizations_share_their_merge_and_conversion() -> None:
    text = GOOD.replace("  lora-q4:", "  lora-q8: {from: lora, gguf: Q8_0}\n  lora-q4:")
    kinds = [step.kind for step in plan(text).steps.values()]
    assert (kinds.count("merge"), kinds.count("convert"), kinds.count("quantize")) == (1, 1, 2)


def test_a_changed_model_changes_all_its_cells_though_its_name_is_the_same() -> None:
    assert changed(plan(), plan(resolver=FakeResolver(model="other"))) == set(cells(plan()))


def test_a_changed_recipe_changes_what_descends_from_it_and_nothing_else() -> None:
    after = plan(GOOD.replace("method: lora,", "method: lora, rank: 8,"))
    spared = {("base", task) for task in ("sentiment", "speed", *ADDED)}
    assert changed(plan(), after) == set(cells(plan())) - spared


def test_a_changed_task_changes_its_own_cells_only() -> None:
    after = plan(GOOD.replace("{type: speed}", "{type: speed, new_tokens: 9}"))
    assert {task for _, task in changed(plan(), after)} == {"speed"}


def test_a_new_version_of_a_package_makes_anew_what_it_made() -> None:
    after = plan(resolver=FakeResolver(peft="2"))
    assert {model for model, task in changed(plan(), after) if task == "speed"} == {
        "lora",
        "lora-f16",
        "lora-q4",
    }


def test_renaming_and_describing_changes_no_key() -> None:
    after = plan(GOOD.replace("name: good", "name: better\ndescription: the same"))
    assert changed(plan(), after) == set()


def test_a_limit_on_the_command_line_is_another_question() -> None:
    assert {task for _, task in changed(plan(), plan(limit=5))} == {"sentiment", "fidelity", *ADDED}


def test_a_model_of_another_lineage_is_not_held_against_the_reference(tmp_path: Path) -> None:
    text = GOOD.replace("models:\n", f"models:\n  other: {{source: {tmp_path}}}\n")
    assert ("other", "fidelity") not in cells(plan(text))
    assert ("other", "sentiment") in cells(plan(text))


def test_a_task_that_names_models_asks_no_other_and_keeps_its_keys() -> None:
    text = GOOD.replace("{type: speed}", "{type: speed, models: [lora-f16, lora-q4]}")
    found, whole = cells(plan(text)), cells(plan())
    assert set(whole) - set(found) == {("base", "speed"), ("lora", "speed")}
    assert found.items() <= whole.items()


def test_what_no_model_of_a_lineage_is_asked_is_not_encoded_for_it(tmp_path: Path) -> None:
    text = GOOD.replace("models:\n", f"models:\n  other: {{source: {tmp_path}}}\n", 1)
    only = text.replace(
        "dataset: phrasebank-sample}", "dataset: phrasebank-sample, models: [other]}"
    )
    only = only.replace("base, candidates: [lora]", "other, candidates: [lora]").partition("gates")[
        0
    ]
    assert {("sentiment", "base"), ("sentiment", "other")} <= plan(text).prompts.keys()
    assert ("sentiment", "base") not in plan(only).prompts


def test_every_seed_of_a_model_that_a_task_names_is_asked() -> None:
    text = GOOD.replace("tasks: [sentiment]}", "tasks: [sentiment], seeds: [0, 1]}")
    text = text.replace("phrasebank-sample}", "phrasebank-sample, models: [base, lora]}")
    assert {model for model, task in cells(plan(text)) if task == "sentiment"} == {
        "base", "lora", "lora.seed1",
    }  # fmt: skip


def test_a_qlora_adapter_is_merged_into_the_dequantized_base() -> None:
    def precision(method: str) -> str:
        graph = plan(GOOD.replace("method: lora", f"method: {method}"))
        return next(s.given(MergeParams).base_precision for s in graph.steps.values()
                    if s.kind == "merge")  # fmt: skip

    assert (precision("lora"), precision("qlora")) == ("full", "dequantized")


def test_a_step_is_its_key_and_words_are_no_part_of_it() -> None:
    def step(**changes: object) -> Step:
        given: dict[str, object] = {"kind": "quantize", "label": "x", "params": GgufParams(type="Q8_0"),
                                    "parents": {"gguf": "1"}, "versions": {"v": "1"}}  # fmt: skip
        return make_step(**{**given, **changes})  # type: ignore[arg-type]

    same = step(label="other words", group="g", after=("2",))
    assert same.key == step().key
    for change in (
        {"kind": "convert"},
        {"params": GgufParams(type="Q4_0")},
        {"parents": {"gguf": "2"}},
        {"parents": {"weights": "1"}},
        {"versions": {"v": "2"}},
    ):
        assert step(**change).key != step().key


def asked_as(task: str = "", model: str = "") -> Plan:
    """GOOD with more keys on its classification and on its source."""
    text = GOOD.replace("dataset: phrasebank-sample}", f"dataset: phrasebank-sample{task}}}", 1)
    text = text.replace("base: {source: starter}", f"base: {{source: starter{model}}}", 1)
    assert (text == GOOD) == (not task and not model)
    return plan(text)


def test_what_is_asked_by_default_keeps_its_keys_when_said_aloud() -> None:
    shots = asked_as(", shots: 2")
    assert not changed(shots, asked_as(", shots: 2, shots_as: turns"))
    assert changed(shots, asked_as(", shots: 2, shots_as: text"))


def test_a_system_message_changes_what_is_asked_and_what_is_learned() -> None:
    one, other = asked_as(", system: Be brief."), asked_as(", system: Be long.")
    for before, after in ((plan(), one), (one, other)):
        assert {("base", "sentiment"), ("lora", "sentiment")} <= changed(before, after)
        assert ("base", "speed") not in changed(before, after)
        assert before.models["base"].parts == after.models["base"].parts
        assert before.models["lora"].parts["adapter"] != after.models["lora"].parts["adapter"]


def test_words_of_ones_own_change_what_is_asked() -> None:
    one, other = (asked_as(f', prompt: "{{text}} {word}?"') for word in ("good", "bad"))
    assert ("base", "sentiment") in changed(plan(), one) & changed(one, other)


def test_options_of_the_template_change_all_that_is_asked_and_no_weights() -> None:
    plans = [
        plan(),
        asked_as(model=", thinking: off"),
        asked_as(model=", thinking: on"),
        asked_as(model=", template_options: {enable_thinking: false}"),
    ]
    keys = [cells(one)["base", "sentiment"] for one in plans]
    assert len(set(keys)) == len(keys)
    assert len({cells(one)["base", "speed"] for one in plans}) == 1
    assert len({one.models["base"].parts["weights"] for one in plans}) == 1
    assert len({one.models["lora"].parts["adapter"] for one in plans}) == len(plans)


def test_a_template_is_known_by_its_contents(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{{ messages }}")
    text = GOOD.replace("{source: starter}", "{source: starter, chat_template: own.jinja}", 1)
    suite = parse_suite(text, tmp_path / "suite.yaml", known())
    one, other = (
        make_plan(suite, resolver.resolve(suite))
        for resolver in (FakeResolver(), FakeResolver("other"))
    )
    step = one.steps[one.prompts["sentiment", "base"]]
    chat = step.given(PromptsParams).chat
    assert chat == Chat(template=f"weights in {tmp_path / 'own.jinja'}")
    assert one.prompts != other.prompts


def test_a_permission_makes_other_files_of_the_same_folder() -> None:
    folder = str(Path(__file__).parent)
    text = GOOD.replace("{source: starter}", f"{{source: {folder}}}")
    usual = plan(text)
    trusted = plan(
        text.replace(f"{folder}}}", f"{folder}, trust_remote_code: true, pickle: true}}")
    )
    refused = plan(
        text.replace(f"{folder}}}", f"{folder}, trust_remote_code: false, pickle: false}}")
    )
    assert cells(usual) == cells(refused)
    assert changed(usual, trusted) == set(cells(usual))
    key = trusted.models["base"].parts["weights"]
    assert trusted.permissions(key) == {"model": "base", "code": True, "pickle": True}
    assert trusted.permissions(trusted.models["lora"].parts["adapter"]) == {}
    made = next(step for step in trusted.steps.values() if step.kind == "merge")
    assert trusted.permissions(made.key) == trusted.permissions(key)


def test_a_task_that_an_engine_cannot_answer_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cells_module, "CAPABILITIES", {"hf": ON_IDS, "llamacpp": {"generate"}})
    with pytest.raises(InputError, match=r"llamacpp.*cannot") as caught:
        plan()
    assert "The task `" in caught.value.message and caught.value.hint


def test_each_task_that_is_learned_may_have_a_limit_of_its_own() -> None:
    def learned(limit: str) -> ExamplesParams:
        tuned = f"finetune: {{method: lora, tasks: [sentiment, other], limit: {limit}}}"
        text = GOOD.replace("finetune: {method: lora, tasks: [sentiment]}", tuned)
        text = text.replace(
            "tasks:\n", "tasks:\n  other: {type: summarize, dataset: dialogue-sample}\n"
        )
        steps = plan(text).steps.values()
        return next(step.given(ExamplesParams) for step in steps if step.kind == "examples")

    params = learned("{other: 7}")
    assert [params.limit_of(part) for part in params.sets] == [None, 7]
    params = learned("9")
    assert [params.limit_of(part) for part in params.sets] == [9, 9]
    assert "limit" not in params.sets[0].model_dump(exclude_unset=True), (
        "what has one limit for all keeps its key"
    )


def test_a_setting_that_came_later_is_in_the_key_of_a_fine_tuning_only_where_it_is_set() -> None:
    def tuned(settings: str = "") -> Step:
        text = GOOD.replace("tasks: [sentiment]}", f"tasks: [sentiment]{settings}}}")
        return next(step for step in plan(text).steps.values() if step.kind == "finetune")

    usual = tuned()
    assert not {"warmup_ratio", "gradient_checkpointing"} & usual.params.data().keys()
    warm, lean = tuned(", warmup_ratio: 0.2"), tuned(", gradient_checkpointing: true")
    assert len({usual.key, warm.key, lean.key}) == 3
    assert warm.given(FinetuneParams).recipe()["warmup_ratio"] == 0.2
    assert lean.given(FinetuneParams).recipe()["gradient_checkpointing"] is True
