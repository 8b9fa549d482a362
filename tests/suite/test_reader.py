"""A suite's mistakes are found before anything runs, all at once, each where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runner.known import known
from harness.suite.problems import Problem, SuiteError
from harness.suite.reader import Suite, parse_suite, read_suite

GOOD = """\
name: good
defaults: {seed: 0, limit: 20}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  lora-f16: {from: lora, gguf: F16}
  lora-q4: {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: lora-f16}
  speed: {type: speed}
compare:
  tuning: {baseline: base, candidates: [lora]}
gates:
  - {compare: tuning, task: sentiment, metric: accuracy, must: improve}
"""


def parse(text: str) -> Suite:
    return parse_suite(text, Path("suite.yaml"), known())


def problems(text: str) -> list[Problem]:
    with pytest.raises(SuiteError) as caught:
        parse(text)
    return list(caught.value.problems)


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_suite_is_read_as_it_stands() -> None:
    spec = parse(GOOD).spec
    assert list(spec.models) == ["base", "lora", "lora-f16", "lora-q4"]
    assert spec.models["lora"].from_ == "base"
    assert spec.defaults.limit == 20
    assert spec.gates[0].must == "improve"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("limit: 20", "limt: 20", 2, "defaults.limt", "`limit`"),
        ("limit: 20", "limit: 0", 2, "defaults.limit", "greater than"),
        ("method: lora", "method: lroa", 5, "models.lora.finetune.method", "`lora`"),
        ("from: base", "from: bas", 5, "models.lora.from", "`base`"),
        ("tasks: [sentiment]}", "tasks: [speed]}", 5, "models.lora.finetune.tasks.0", "learn"),
        ("Q4_K_M", "Q4_KM", 7, "models.lora-q4.gguf", "`Q4_K_M`"),
        ("from: lora, gguf: Q4", "from: lora-f16, gguf: Q4", 7, "models.lora-q4.from", "GGUF"),
        ("type: classify", "type: clasify", 9, "tasks.sentiment", "`classify`"),
        ("phrasebank-sample", "phrasebank", 9, "tasks.sentiment.dataset", "phrasebank-sample"),
        (
            "phrasebank-sample",
            "dialogue-sample",
            9,
            "tasks.sentiment.dataset",
            "made for `summarize`",
        ),
        ("reference: lora-f16", "reference: lora-f61", 10, "tasks.fidelity.reference", "lora-f16"),
        ("candidates: [lora]", "candidates: [base]", 13, "compare.tuning.candidates.0", "itself"),
        ("candidates: [lora]", "candidates: []", 13, "compare.tuning.candidates", "at least one"),
        ("compare: tuning", "compare: tunin", 15, "gates.0.compare", "`tuning`"),
        ("metric: accuracy", "metric: acuracy", 15, "gates.0.metric", "`accuracy`"),
        ("must: improve", "must: improve, max_drop: 0.1", 15, "gates.0", "exactly one"),
        ("source: starter", "source: ./no/such", 4, "models.base.source", "no folder"),
        ("name: good", "name: a/b", 1, "name", "letters"),
        ("Q4_K_M}", "Q4_K_M, pickle: true}", 7, "models.lora-q4", "inherit"),
        ("{from: base,", "{from: base, trust_remote_code: true,", 5, "models.lora", "inherit"),
        (
            "starter}",
            "starter, chat_template: no.jinja}",
            4,
            "models.base.chat_template",
            "no file",
        ),
        ("starter}", "starter, chat_template: none, thinking: on}", 4, "models.base", "`thinking`"),
        ("Q4_K_M}", "Q4_K_M, thinking: off}", 7, "models.lora-q4", "belongs to the source"),
        ("-sample}", "-sample, prompt: Which}", 9, "tasks.sentiment.classify", "{text}"),
        ("-sample}", "-sample, shots_as: text}", 9, "tasks.sentiment.classify", "`shots`"),
        (
            "-sample}",
            "-sample, shots_as: turn, shots: 1}",
            9,
            "tasks.sentiment.shots_as",
            "`turns`",
        ),
    ],
)
def test_a_mistake_is_reported_with_line_key_and_remedy(
    old: str, new: str, line: int, key: str, words: str
) -> None:
    (problem,) = problems(replaced(old, new))
    assert (problem.line, problem.key) == (line, key)
    assert words in f"{problem.message} {problem.hint}"


def test_five_mistakes_are_five_messages_even_in_one_entry() -> None:
    text = (
        GOOD.replace("limit: 20", "limt: 20")
        .replace("from: base, finetune: {method: lora,", "from: bas, finetune: {method: lroa,")
        .replace("dataset: phrasebank-sample", "dataset: phrasebank")
        .replace("metric: accuracy", "metric: acuracy")
    )
    found = problems(text)
    assert [problem.key for problem in found] == [
        "defaults.limt",
        "models.lora.from",
        "models.lora.finetune.method",
        "tasks.sentiment.dataset",
        "gates.0.metric",
    ]


def test_a_key_that_stands_twice_is_a_mistake_and_not_the_last_one_wins() -> None:
    (problem,) = problems(GOOD.replace("  base:", "  base: {source: starter}\n  base:"))
    assert problem.key == "models.base"
    assert "line 4" in problem.message


def test_a_model_made_from_itself_is_found() -> None:
    text = GOOD.replace("lora: {from: base,", "lora: {from: lora-q4,").replace(
        "lora-q4: {from: lora,", "lora-q4: {from: lora,"
    )
    assert any("itself" in problem.message for problem in problems(text))


def test_names_that_yaml_takes_for_something_else_stay_names() -> None:
    spec = parse(GOOD.replace("  base: {", "  no: {").replace("from: base", "from: 'no'").replace(
        "baseline: base", "baseline: 'no'"
    )).spec  # fmt: skip
    assert "no" in spec.models


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "name: [\n", "a: b: c\n", "\tname: x\n"])
def test_what_is_no_suite_at_all_gets_one_clear_message(text: str) -> None:
    assert len(problems(text)) == 1


def test_a_missing_file_names_itself_and_the_way_out(tmp_path: Path) -> None:
    from harness.errors import InputError

    with pytest.raises(InputError) as caught:
        read_suite(tmp_path / "nothing.yaml", known())
    assert "nothing.yaml" in caught.value.message
    assert "harness init" in caught.value.hint
    assert caught.value.exit_code == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "models", "tasks", "compare", "gates", "defaults", "type", "from", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_content_whatever_gets_past_the_reader_as_anything_but_problems(data: object) -> None:
    import yaml

    text = yaml.safe_dump(data)
    try:
        parse(text)
    except SuiteError as error:
        assert error.problems
        assert all(problem.line >= 1 for problem in error.problems)


def test_a_task_names_models_that_are_there() -> None:
    (problem,) = problems(replaced("{type: speed}", "{type: speed, models: [bas]}"))
    assert (problem.key, problem.message) == ("tasks.speed.models.0", "there is no model `bas`")
    assert "base" in problem.hint


def test_a_divergence_names_no_model_of_another_source() -> None:
    text = replaced("reference: lora-f16}", "reference: lora-f16, models: [lora-q4, other]}")
    text = text.replace("models:\n", "models:\n  other: {source: starter}\n", 1)
    (problem,) = problems(text)
    assert problem.key == "tasks.fidelity.models.1"
    assert problem.message == "`other` is made from another source than `lora-f16`"


def test_a_gate_on_a_model_that_its_task_leaves_out_is_a_mistake() -> None:
    (problem,) = problems(replaced("phrasebank-sample}", "phrasebank-sample, models: [base]}"))
    assert (problem.key, problem.line) == ("gates.0.task", 15)
    assert problem.message == "`lora` is not among the `models` of `sentiment`"


def test_a_limit_of_what_is_not_learned_is_a_mistake() -> None:
    (problem,) = problems(replaced("tasks: [sentiment]}", "tasks: [sentiment], limit: {speed: 3}}"))
    assert problem.line == 5 and "`limit` names `speed`" in problem.message
