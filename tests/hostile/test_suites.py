"""Suites that cannot be: refused in their line, whatever stands in them."""

from __future__ import annotations

import re

import pytest

from tests.hostile.cases import AsProcesses, Case, Commands, commands, processes

__all__ = ["commands", "processes"]

SUITE = """\
name: small
defaults: {seed: 0, limit: 20, timeout: 60}
models:
  base: {source: starter}
  shaped: {source: {architecture: llama-3.1-8b, num_hidden_layers: 2}, weights: random}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 4, epochs: 1, learning_rate: 0.001}}
  q4: {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, shots: 0, models: [base, lora]}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 8, models: [base]}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: lora, models: [q4]}
  speed: {type: speed, prompt_tokens: 64, new_tokens: 8, repetitions: 2, models: [base]}
compare:
  tuning: {baseline: base, candidates: [lora]}
gates:
  - {compare: tuning, task: sentiment, metric: accuracy, max_drop: 0.5}
"""
WHOLE: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "a suite is a mapping"),
    "a list": ("[1, 2]", "a suite is a mapping"),
    "a text": ("hello", "a suite is a mapping"),
    "a page": ("<!doctype html>\n<html>", "a suite is a mapping|not valid YAML"),
    "JSON cut off": ('{"name": "x", "models": {', "not valid YAML"),
    "UTF-16": (SUITE.encode("utf-16"), "is no text in UTF-8"),
    "Latin-1": ("name: caf\xe9".encode("latin-1"), "is no text in UTF-8"),
    "NUL": ("name: \0", r":1:7: .*cannot stand in YAML"),
    "an escape": ("name: \x1b[31m", r":1:7: .*'\\x1b' cannot stand"),
    "a GGUF": (b"GGUF\3\0\0\0" + bytes(40), "cannot stand in YAML|is no text"),
    "a gzip": (b"\x1f\x8b\x08\0\0\0", "is no text in UTF-8"),
    "a tab": (SUITE.replace("  base", "\tbase"), r":4:1: .*'\\t' that cannot start"),
    "brackets": ("[" * 3000, r":1:42: .*more than 40 levels"),
    "braces": ("{a: " * 3000, "more than 40 levels"),
    "an open quote": ("name: 'x", "not valid YAML"),
    "two documents": (SUITE + "---\n" + SUITE, "another document"),
    "a directive": ("%YAML 3.0\n---\n" + SUITE, "incompatible YAML"),
    "5 MB": (SUITE + "#" * 5_000_000, "4,000,000 at most"),
    "aliases": (
        "a: &a [1]\nb: &b [" + "*a, " * 999 + "]\nc: [" + "*b, " * 999 + "]",
        "its aliases",
    ),
    "a circle": ("models: &m {x: *m}", "an alias stands in what it names"),
    "a key twice": (SUITE + "name: other\n", r"this key stands twice; the first is in line 1"),
    "a list as key": (SUITE + "? [a]\n: 1\n", "a key is a text|unhashable"),
    "only a name": ("name: x", "models: this key is missing"),
    "an object": ("!!python/object/apply:os.system [ls]", "a suite is a mapping"),
}
REPLACED: list[tuple[str, str, str]] = [
    ("name: small", "name: ../../out", "cannot be used as a name"),
    ("name: small", "name: /etc", "cannot be used as a name"),
    ("name: small", f"name: {'x' * 81}", "at most 80"),
    ("name: small", "name: [a]", "name: "),
    ("name: small", "nam: small", "`name`"),
    ("seed: 0", "seed: -1", "greater than or equal to 0"),
    ("seed: 0", "seed: 99999999999999999999", "too large"),
    ("limit: 20", "limit: 0", "greater than or equal to 1"),
    ("limit: 20", "limit: many", "valid integer"),
    ("timeout: 60", "timeout: .inf", "no number to count with"),
    ("timeout: 60", "timeout: -1", "greater than 0"),
    ("{source: starter}", "{source: ./nothing}", "nothing"),
    ("{source: starter}", "{source: ''}", "base"),
    ("{source: starter}", "{source: [starter]}", "base"),
    ("{source: starter}", "{}", "base"),
    ("{source: starter}", "starter", "this should be a mapping"),
    ("{source: starter}", "{source: starter, gguf: Q4_K_M}", "base"),
    ("{source: starter}", "{gguf: nothing.gguf}", r"nothing\.gguf"),
    ("{source: starter}", "{gguf: ../../../etc/passwd}", "base"),
    ("{source: starter}", "{source: starter, dtype: int3}", "`int3` is not one of"),
    ("{source: starter}", "{source: starter, chat_template: no.jinja}", r"no\.jinja"),
    ("{source: starter}", "{source: starter, engine: {threads: -1}}", "greater than or equal"),
    ("{source: starter}", '{source: "a\\0b"}', "base"),
    ("{source: starter}", '{gguf: "a\\0b.gguf"}', "base"),
    ("{source: starter}", "{endpoint: {url: 'file:///etc/passwd', model: x}}", "base"),
    ("{source: starter}", "{endpoint: {url: 7, model: x}}", "base"),
    ("llama-3.1-8b", "nobodys-7b", "nobodys-7b"),
    ("num_hidden_layers: 2", "num_hidden_layers: 1000000", "num_hidden_layers|shaped"),
    ("num_hidden_layers: 2", "num_hidden_layers: two", "num_hidden_layers|shaped"),
    ("num_hidden_layers: 2", "num_hidden_layers: 2001-01-01", "num_hidden_layers|shaped"),
    ("num_hidden_layers: 2", "num_hidden_layers: !!binary aGk=", "`binary` is no text"),
    ("num_hidden_layers: 2", "num_hidden_layers: !!set {a}", "`set` is no text"),
    ("num_hidden_layers: 2", "num_hidden_layers: .nan", "no number to count with"),
    ("num_hidden_layers: 2", "hidden_size: -5", "hidden_size|shaped"),
    ("num_hidden_layers: 2", "vocab_size: [1]", "vocab_size|shaped"),
    ("num_hidden_layers: 2", "vocab_size: 0", "vocab_size|shaped"),
    ("weights: random", "weights: zero", "`zero` is not one of"),
    ("from: base, fine", "from: nobody, fine", "nobody"),
    ("from: base, fine", "from: lora, fine", "lora"),
    ("method: lora", "method: magic", "`magic` is not one of"),
    ("tasks: [sentiment]", "tasks: [speed]", "speed"),
    ("tasks: [sentiment]", "tasks: []", "lora"),
    ("rank: 4", "rank: 0", "greater than or equal to 1"),
    ("rank: 4", f"seeds: {list(range(200))}", "100 are the most"),
    ("rank: 4", "seeds: [1, 1]", "seeds"),
    ("epochs: 1", "epochs: 0", "greater than 0"),
    ("epochs: 1", "epochs: .inf", "no number to count with"),
    ("learning_rate: 0.001", "learning_rate: fast", "valid number"),
    ("gguf: Q4_K_M", "gguf: Q9_Z", "Q9_Z"),
    ("from: lora, gguf", "from: q4, gguf", "q4"),
    ("type: classify", "type: guess", "unknown type `guess`"),
    ("type: classify, ", "", "the key `type` is missing"),
    ("phrasebank-sample", "phrasebank-simple", "phrasebank-sample"),
    ("shots: 0", "shots: -1", "greater than or equal to 0"),
    ("shots: 0", "metrics: [{python: '../../x.py:f', args: {a: 2024-01-01}}]", "x.py"),
    ("shots: 0", "metrics: [{python: 'no.py:f', args: {a: .nan}}]", "no number to count with"),
    ("shots: 0", "metrics: [{python: 'no.py:f', args: {a: !!set {b}}}]", "`set` is no text"),
    ("shots: 0", "metrics: [nobodys]", "nobodys"),
    ("models: [base, lora]", "models: [nobody]", "nobody"),
    ("max_new_tokens: 8", "max_new_tokens: 0", "greater than or equal to 1"),
    ("reference: lora", "reference: nobody", "nobody"),
    ("repetitions: 2", "repetitions: 1000000", "less than or equal to 10000"),
    ("repetitions: 2", "rounds: 1000000", "less than or equal to 1000"),
    ("repetitions: 2", "repetitions: 1", "greater than or equal to 2"),
    ("prompt_tokens: 64", "prompt_tokens: 0", "greater than or equal to 1"),
    ("prompt_tokens: 64", f"prompt_tokens: {list(range(1, 200))}", "100 are the most"),
    ("baseline: base", "baseline: nobody", "nobody"),
    ("candidates: [lora]", "candidates: []", "at least one entry"),
    ("metric: accuracy", "metric: rougeL", "rougeL"),
    ("max_drop: 0.5", "max_drop: -1", "max_drop"),
    ("max_drop: 0.5", "max_drop: .nan", "no number to count with"),
    ("max_drop: 0.5", "min: 0.5, max_drop: 0.5", "gates"),
    ("compare: tuning", "compare: nobody", "nobody"),
    ("gates:\n", "gates: 7\nother:\n", "gates"),
    ("compare:\n", "compare: [a]\nmore:\n", "compare"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_suite(name: str, command: str, processes: AsProcesses) -> None:
    content, says = WHOLE[name]
    case = Case((command, "{here}/suite.yaml"), says, {"suite.yaml": content})
    processes.check(case)


@pytest.mark.parametrize(
    ("old", "new", "says"), REPLACED, ids=[f"{new:.50}" for _, new, _ in REPLACED]
)
def test_a_suite_with_one_mistake(old: str, new: str, says: str, commands: Commands) -> None:
    assert SUITE.count(old) >= 1
    case = Case(
        ("plan", "{here}/suite.yaml", "--no-probe"),
        says,
        {"suite.yaml": SUITE.replace(old, new, 1)},
    )
    commands.check(case)


VALUES = ["null", "[]", "{}", "-1", "1.5e300", "true", "2001-01-01", "'../../x'", "[[[]]]", "'\\0'"]
VALUE = re.compile(r"(?<=: )(\[[^]]*\]|[\w.-]+)(?=[,}\n])")
KEYS = [found.start() for found in VALUE.finditer(SUITE)]


@pytest.mark.parametrize("place", KEYS, ids=[SUITE[at - 14 : at].strip() for at in KEYS])
def test_a_value_of_another_kind_is_refused_or_understood(place: int, commands: Commands) -> None:
    """Whatever stands in the place of a value: a refusal is as clear as any, and what is no mistake is planned."""
    found = VALUE.match(SUITE, place)
    assert found is not None
    for value in VALUES:
        file = commands.here / "suite.yaml"
        file.write_text(SUITE[: found.start()] + value + SUITE[found.end() :])
        said = commands.run("plan", "{here}/suite.yaml", "--no-probe")
        assert said.code in (0, 2), (value, said.err)
        assert said.code == 0 or f"{file}" in said.err, said.err
        if said.code:
            commands.is_clear(said)
