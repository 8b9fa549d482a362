"""Ollama by its documented API, in a stand-in: nothing here was run against the real thing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.engines.protocol import Limits
from harness.errors import EndpointError, PromptTooLongError
from harness.serving.answering import ServingAnswerer
from harness.serving.ollama import PLAIN, creation
from harness.serving.spec import ServingSpec

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Question:
    text: str
    id: str = "one"
    messages: tuple[dict[str, str], ...] = ()
    ids: tuple[int, ...] = (1, 2)
    continuations: tuple[str, ...] = ()
    choices: tuple[tuple[int, ...], ...] = ()


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServingSpec:
    program, model = tmp_path / "ollama", tmp_path / "model.gguf"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.serving.ollama "$@"\n')
    program.chmod(0o755)
    model.write_bytes(b"GGUF" + bytes(3_000_000))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return ServingSpec(
        "ollama", str(model), "toy", str(tmp_path / "serve.log"), executable=str(program),
        context=128, start_timeout=60.0, timeout=5.0, retries=0,
    )  # fmt: skip


def test_a_gguf_is_put_into_ollama_and_asked(spec: ServingSpec) -> None:
    answerer = ServingAnswerer(spec, lambda: "")
    try:
        assert answerer.spec.model == "toy" and answerer.told()["started"] == "ollama"
        (_, done), *_ = answerer.generate([Question("the bank")], Limits(3))
        assert done.text
    finally:
        answerer.close()


def test_what_openais_api_cannot_say_is_said_when_the_model_is_made(spec: ServingSpec) -> None:
    made = creation(spec, "sha256:1")
    assert made["parameters"]["num_ctx"] == 128 and made["parameters"]["repeat_penalty"] == 1.0
    assert made["template"] == PLAIN and made["files"] == {"model.gguf": "sha256:1"}
    chat = ServingSpec(**{**vars(spec), "api": "chat"})
    assert "template" not in creation(chat, "sha256:1")


def test_a_context_that_was_not_taken_is_noticed(
    spec: ServingSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_OLLAMA", "forgets-context")
    with pytest.raises(EndpointError, match="did not take the context"):
        ServingAnswerer(spec, lambda: "")


def test_a_prompt_that_is_cut_in_silence_is_noticed(spec: ServingSpec) -> None:
    short = ServingSpec(**{**vars(spec), "context": 40})
    answerer = ServingAnswerer(short, lambda: "")
    try:
        with pytest.raises(PromptTooLongError):
            list(answerer.generate([Question("the bank " * 50)], Limits(3)))
    finally:
        answerer.close()
