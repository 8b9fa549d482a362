"""What YAML can hold and a suite cannot is refused in its line, and a few lines that say a million things are not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.runner.known import known
from harness.suite.reader import read_suite
from tests.suite.test_reader import GOOD, parse, problems

SHAPED = GOOD.replace(
    "{source: starter}", "{source: {architecture: llama-3.1-8b, x: VALUE}, weights: random}"
)
SCORED = GOOD.replace(
    "dataset: phrasebank-sample}",
    "dataset: phrasebank-sample, metrics: [{python: 'a.py:f', args: {x: VALUE}}]}",
)


@pytest.mark.parametrize("suite", [SHAPED, SCORED], ids=["architecture", "metric"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!!binary aGVsbG8=", "`binary` is no text, number"),
        ("!!set {a, b}", "`set` is no text"),
        ("!!omap [a: 1]", "`omap` is no text"),
        ("!!python/object/apply:os.system [ls]", "`python/object/apply:os.system` is no text"),
        ("!mine x", "`!mine` is no text"),
        (".nan", "no number to count with"),
        ("-.inf", "no number to count with"),
        ("9" * 5000, "too large"),
        ("18446744073709551616", "too large"),
        ("0x" + "f" * 40, "too large"),
        ("!!int x", "`x` is no int"),
        ("!!float [1]", "this is no float"),
        ("!!bool maybe", "`maybe` is no bool"),
    ],
)
def test_a_value_that_no_suite_holds_is_refused_where_it_stands(
    suite: str, value: str, words: str
) -> None:
    (found,) = problems(suite.replace("VALUE", value))
    assert words in found.message and found.hint
    line = next(n for n, text in enumerate(suite.splitlines(), start=1) if "VALUE" in text)
    assert found.line == line and found.key.endswith(".x")


def test_a_date_is_the_text_that_was_written() -> None:
    source = parse(SHAPED.replace("VALUE", "2024-05-01")).spec.models["base"].source
    assert not isinstance(source, str | None) and source.changed == {"x": "2024-05-01"}


def bomb(named: str, of: str) -> str:
    lines = [f"a: &a {named}"]
    lines += [
        f"{after}: &{after} {of.format(','.join([f'*{before}'] * 10))}"
        for before, after in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (bomb("[1]", "[{}]"), "with its aliases it holds more than 500,000 values"),
        (bomb("{x: 1}", "{{<<: [{}]}}"), "with its aliases it holds more than 500,000 values"),
        ("a: &a [*a]", "an alias stands in what it names"),
        ("a: &a {x: *a}", "an alias stands in what it names"),
        ("[" * 3000, "more than 40 levels"),
        ("{x: " * 3000, "more than 40 levels"),
        ("- " * 3000, "more than 40 levels"),
        ("name:\tx\n\ty: 1", "'\\t' that cannot start"),
        ("name: x\nmodels: \0", r"the character '\x00' cannot stand in YAML"),
        ("name: x\nmodels: \ud800", r"the character '\ud800' cannot stand in YAML"),
        ("a: b\n---\nc: d", "another document"),
        ("<<: 3", "for merging"),
    ],
)
def test_what_goes_beyond_bounds_is_refused_in_its_line(text: str, words: str) -> None:
    (found,) = problems(text)
    assert words in found.message
    assert found.line <= text.count("\n") + 1


def test_an_alias_of_what_suites_repeat_is_read() -> None:
    text = GOOD.replace("{source: starter}", "&base {source: starter}").replace(
        "\n  lora:", "\n  other: *base\n  lora:"
    )
    assert parse(text).spec.models["other"] == parse(text).spec.models["base"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{type: speed}", "{type: speed, repetitions: 1000000}", "less than or equal to 10000"),
        ("{type: speed}", "{type: speed, repetitions: 9999, rounds: 9999}", "less than or equal to 1000"),
        ("{type: speed}", f"{{type: speed, depths: {list(range(101))}}}", "101 entries, and 100 are"),
        ("method: lora,", f"method: lora, seeds: {list(range(101))},", "101 entries, and 100 are"),
    ],
)  # fmt: skip
def test_what_would_be_done_a_million_times_is_refused(old: str, new: str, words: str) -> None:
    (found,) = problems(GOOD.replace(old, new))
    assert words in found.message
    assert GOOD.splitlines()[found.line - 1].count(old) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfen\x00a\x00", "is no text in UTF-8"),
        (b"name: caf\xe9", "is no text in UTF-8"),
        (b"name: x\n" * 600_000, "has 4,800,000 bytes, and a suite 4,000,000 at most"),
    ],
)
def test_a_file_that_is_no_suite_is_not_parsed(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_suite(file, known())
    assert caught.value.message.startswith(str(file)) and caught.value.hint
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_suite(tmp_path, known())
