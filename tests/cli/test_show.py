"""`harness show` before anything has run: the very prompt, and clear words where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.show import visible
from harness.engines.tokenizer import open_tokenizer
from harness.starter import MODEL_FOLDER
from tests.cli.test_commands import run

HOSTILE = "\x1b[2J\x1b]0;owned\x07 [bold red]Profit[/] rose\u202e \x9b31m [/nothing]"
SUITE = """\
name: shown
defaults: {limit: 3}
models:
  base: {source: starter}
  q4: {from: base, gguf: Q4_K_M}
  far: {source: org/far}
  drawn: {source: {architecture: smollm2-135m}, weights: random}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, system: Be brief., shots: 1}
  own:
    type: classify
    dataset: {train: train.csv, test: test.csv, prompt: "{{ text }}", target: "{{ label }}"}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: base}
  speed: {type: speed}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "train.csv").write_text("text,label\nUp,good\nDown,bad\n")
    (tmp_path / "test.csv").write_text(f'text,label\n"{HOSTILE}",good\n', encoding="utf-8")
    return tmp_path / "suite.yaml"


def test_the_exact_prompt_is_shown_before_anything_has_run(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("show", suite, "q4", "sentiment", "2", "--results", suite.parent / "results")
    code, out, _ = run(*words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    data = json.loads(out)
    tokenizer = open_tokenizer(MODEL_FOLDER)
    assert code == 0 and (data["root"], data["number"], data["count"]) == ("base", 2, 3)
    assert data["text"].startswith("<s><|system|>\nBe brief.<|end|>\n<|user|>\n")
    assert data["tokens"]["ids"] == tokenizer.encode(data["text"])
    assert "".join(data["tokens"]["pieces"]) == data["text"]
    assert data["choices"]["neutral"]["pieces"] == ["neutral"]
    assert data["target_tokens"]["pieces"][-1] == "<|end|>"
    assert (data["mode"], data["system"], data["answer"]) == ("chat", "turn", {})

    code, text, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "<|system|>⏎\nBe brief.<|end|>⏎\n" in text
    assert f"{len(data['tokens']['ids'])} tokens; prompt hash {data['prompt_hash']}" in text
    assert " ".join(f"{i}‹" for i in data["tokens"]["ids"][:1]) in text
    by_id = run(*words[:4], data["id"], "--json", monkeypatch=monkeypatch, capsys=capsys)[1]
    assert json.loads(by_id)["text"] == data["text"]
    assert not (suite.parent / "home" / "artifacts").exists()


def test_a_strangers_text_is_shown_and_not_obeyed(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("show", suite, "base", "own")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    shown = r"\x1b[2J\x1b]0;owned\x07 [bold red]Profit[/] rose\u202e \x9b31m [/nothing]"
    assert shown in out.replace("⏎\n", "")


def test_what_is_hidden_is_made_visible() -> None:
    assert visible("a\tb\r\n\u200b\u2028é語🙂") == "a\\tb\\r⏎\n\\u200b\\u2028é語🙂"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Models: base, q4, far, drawn. Tasks: sentiment, own, fidelity."),
        (("bas", "own"), "Did you mean `base`?"),
        (("base", "sentimet"), "Did you mean `sentiment`?"),
        (("base", "speed"), "asks nothing"),
        (("base", "sentiment", "9"), "a number from 1 to 3"),
        (("base", "sentiment", "0"), "a number from 1 to 3"),
        (("far", "fidelity"), "is not asked"),
        (("far", "sentiment"), "get org/far"),
        (("drawn", "sentiment"), "draw random weights"),
    ],
)
def test_what_cannot_be_shown_is_said(
    suite: Path,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run("show", suite, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and said in err


def test_model_and_task_may_come_in_either_order(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SUITE.replace("speed: {type: speed}", "base: {type: speed}")
    suite.write_text(text.replace("  q4:", "  own: {source: starter}\n  q4:"))
    code, out, _ = run("show", suite, "base", "own", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "own for base" in out
