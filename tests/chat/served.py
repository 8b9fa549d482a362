"""`harness chat` in a process of its own, and a browser before it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.starter import MODEL_FOLDER

SUITE = """
name: talk
forgetting: false
models:
  base: {source: starter}
  plain: {source: starter, chat_template: none}
  endless: {source: endless, chat_template: none}
  tuned: {from: base, finetune: {method: lora, tasks: [sentiment]}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""
PATHS = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
PADDING = 3
"""The starter's token `<pad>`."""
SECONDS = 120
"""How long anything may take on a machine that is busy with other tests."""


@dataclass(frozen=True)
class ServedChat:
    """A page that is served."""

    url: str
    process: subprocess.Popen[str]
    said: str
    """What the command printed until it could be opened."""

    def workers(self) -> list[psutil.Process]:
        """The processes of its models."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [p for p in children if "harness.chat.worker" in p.cmdline()]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[ServedChat]:
    """Serves the models of `SUITE` until the block ends.

    Args:
        folder: of suite and home.
        options: of the command.
    """
    suite = folder / "talk.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    write_endless(folder / "endless")
    with serving(["chat", str(suite), *options], folder / "home", folder) as opened:
        yield opened


def write_endless(folder: Path) -> None:
    """The starter, for which no token that it has learned to write ends an answer: only its context does."""
    shutil.copytree(MODEL_FOLDER, folder)
    generation = folder / "generation_config.json"
    said = json.loads(generation.read_text()) | {"eos_token_id": PADDING}
    generation.write_text(json.dumps(said))
    tokens = folder / "tokenizer_config.json"
    tokens.write_text(json.dumps(json.loads(tokens.read_text()) | {"eos_token": "<pad>"}))


@contextmanager
def serving(words: Sequence[str], home: Path, folder: Path) -> Iterator[ServedChat]:
    """A command that serves pages, until the block ends.

    Args:
        words: of the command.
        home: `$HARNESS_HOME`.
        folder: in which it is run.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *words, "--no-open"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "HARNESS_HOME": str(home), "PYTHONPATH": PATHS},
    )
    try:
        assert process.stdout is not None
        said = ""
        while (found := re.search(r"Open (http\S+)", said)) is None:
            line = process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        yield ServedChat(found[1], process, said)
    finally:
        process.terminate()
        process.wait(SECONDS)


def call_old(page: Any, what: str) -> None:
    """Marks what stands there with `data-old`, so that a wait can tell what comes in its place from it."""
    page.evaluate(
        "what => document.querySelectorAll(what).forEach(one => (one.dataset.old = ''))", what
    )


class Page:
    """A browser's page with a conversation, by what a user sees of it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.set_default_timeout(1000 * SECONDS)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", self._dismiss)
        page.goto(url)
        page.wait_for_selector("#hc-question textarea")

    def _dismiss(self, dialog: Any) -> None:
        self.wrong.append("dialog")
        dialog.dismiss()

    def send(self, text: str) -> None:
        """Asks, and waits for nothing."""
        self.page.fill("#hc-question textarea", text)
        self.page.keyboard.press("Enter")

    def press(self, button: str) -> None:
        """A button, once it can be pressed."""
        self.page.get_by_role("button", name=button).click()

    def set(self, label: str, value: str) -> None:
        """A setting, by the words before it."""
        field = self.page.get_by_label(label).locator("visible=true").first
        field.fill(value)
        field.press("Tab")

    def choose(self, model: str) -> None:
        """Another model."""
        self.page.get_by_label("Model", exact=True).click()
        self.page.get_by_role("option", name=model).click()

    def answered(self, count: int = 1) -> str:
        """Waits for so many answers that came to an end; gives the last."""
        done = ".hc-model:has(.hc-figures, .hc-failed)"
        self.page.wait_for_function(
            "([done, count]) => document.querySelectorAll(done).length >= count", arg=[done, count]
        )
        return str(self.page.locator(done).nth(count - 1).inner_text())

    def written(self) -> None:
        """Waits until some of an answer stands there."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('.hc-written')].at(-1)?.textContent.length > 20"
        )
