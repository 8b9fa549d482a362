"""`harness data`, on the embedded data sets and on a folder of made-up files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import run

LINES = [f"Profit rose by {n} percent in the quarter .@positive" for n in range(30)] + [
    f"The company employs {n} people in Finland .@neutral" for n in range(30)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data" / "phrasebank"
    place.mkdir(parents=True)
    (place / "Sentences_AllAgree.txt").write_text("\n".join(LINES), encoding="latin-1")
    return place.parent


def test_every_data_set_is_listed_with_its_licence_and_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("data", "list", "--data-dir", folder)
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert "phrasebank-sample (classify, Apache-2.0; embedded)" in out
    assert f"financial_phrasebank (classify, CC BY-NC-SA 3.0; found {folder}" in out
    assert "samsum (summarize, CC BY-NC-ND 4.0; absent)" in out


def test_a_copy_that_is_not_as_published_is_said_and_exits_with_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("data", "check", "financial_phrasebank", "--data-dir", folder)
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1 and "differs: agreement all: 60 rows, published are 2264" in out
    code, out, _ = run("data", "check", "phrasebank-sample", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "as published" in out


def test_examples_are_shown_with_licence_and_citation(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("data", "show", "financial_phrasebank", "--data-dir", folder, "-n", 2)
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and out.count("→ ") == 2 and "licence: CC BY-NC-SA 3.0" in out
    code, out, _ = run(*words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    data = json.loads(out)
    assert len(data["examples"]) == 2 and data["entry"]["citation"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "nonsense"), "no data set 'nonsense'"),
        (("show", "phrasebank-sample", "--split", "dev"), "no split 'dev'"),
        (("check", "phrasebank-sample", "--agreement", "66"), "it has no options"),
        (("check", "samsum", "--data-dir", "/nowhere"), "/nowhere: the data folder is no folder"),
    ],
)
def test_wrong_input_is_answered_with_one_message(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run("data", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and out == "" and message in err


def test_all_data_of_a_suite_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": f"Text {n}", "label": ("up", "Up", "down")[n % 3]} for n in range(60)]
    rows += [{"text": "TEXT 0!", "label": "down"}, {"text": "Text 61", "label": ""}]
    (tmp_path / "own.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "suite.yaml").write_text(
        "name: own\nmodels: {base: {source: starter}}\ntasks:\n"
        "  named: {type: classify, dataset: phrasebank-sample}\n"
        "  own: {type: classify, dataset: {file: own.jsonl, prompt: '{{ text }}', target: '{{ label }}'}}\n"
    )
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    words = ("data", "check", tmp_path / "suite.yaml")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1 and "phrasebank-sample (named)" in out and "own.jsonl (own)" in out
    assert "read: all 62" in out
    assert "left out: 2: the same sentence carries two labels (own.jsonl:1, own.jsonl:61)" in out
    assert "left out: 1: an empty target (own.jsonl:62)" in out
    assert "warning: labels that differ in case only count as different ones: Up, up" in out
    code, out, _ = run(*words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    (_, own) = json.loads(out)["data"]
    assert code == 1 and own["used_by"] == ["own"] and own["read"] == {"all": 62}
    code, out, _ = run("plan", tmp_path / "suite.yaml", monkeypatch=monkeypatch, capsys=capsys)
    assert "own: own.jsonl: 62 rows read, 3 left out (" in out and "⚠ labels that differ" in out
    text = (tmp_path / "suite.yaml").read_text()
    (tmp_path / "suite.yaml").write_text(text.replace("  own:", "  #"))
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
