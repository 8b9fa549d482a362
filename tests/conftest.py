"""Tiny models, made once for all tests: folders, adapters, GGUFs, and examples to train on. Tests that
damage a folder copy it first."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from tests.forking import Forks, forked_workers

# A busy machine is no fault of what is tested. `make soak` has more examples of each property.
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "50")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("untimed")

LONG = ("pipeline", "clusters", "chat", "runner", "cli", "executors", "models")
"""Folders of tests, those first whose files take longest: a long one that came last would keep one worker alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the folders of `LONG` before all others; files and their tests stay as they were collected."""
    places = {name: place for place, name in enumerate(LONG)}
    root = Path(__file__).parent
    items.sort(key=lambda item: places.get(item.path.relative_to(root).parts[0], len(places)))


os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What workers are forked from; it is started with the first of them."""
    opened = Forks()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def forked(forks: Forks) -> Iterator[None]:
    """Workers and converters of a file's tests are forked; those of commands and of clusters are not."""
    with forked_workers(forks):
        yield


@pytest.fixture(scope="session", autouse=True)
def timed_once() -> Iterator[None]:
    """How fast this machine is, is measured once for all the homes of these tests."""
    from harness.estimate import machine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "measure_rates", cache(machine.measure_rates))
        yield


def write_examples(file: Path, count: int = 24, seed: int = 0) -> Path:
    """Examples whose answer is their first prompt id twice: something that can be learned."""
    from tests.engines.models import VOCABULARY

    chooser = random.Random(seed)
    with file.open("w") as lines:
        for _ in range(count):
            prompt = [1] + [
                chooser.randrange(260, VOCABULARY) for _ in range(chooser.randint(3, 9))
            ]
            row = {"prompt_ids": prompt, "target_ids": [prompt[1], prompt[1], 2]}
            lines.write(json.dumps(row) + "\n")
    return file


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tokenizer of the tiny models."""
    from tests.engines.models import write_tokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole tiny model, wide enough for K-quants; tests do not change it."""
    from tests.engines.models import write_model

    return write_model(tmp_path_factory.mktemp("models") / "tiny", tokenizer, "llama-wide")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training examples for it."""
    return write_examples(tmp_path_factory.mktemp("examples") / "examples.jsonl")


@pytest.fixture(scope="session")
def adapters(
    tiny: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A trained LoRA and a trained QLoRA adapter of the tiny model."""
    from harness.models.finetune.recipe import Recipe
    from harness.models.finetune.run import finetune

    root = tmp_path_factory.mktemp("adapters")
    lora = Recipe(epochs=2.0, batch_tokens=96, learning_rate=5e-3, rank=4)
    for recipe in (lora, replace(lora, method="qlora")):
        finetune(tiny, examples, recipe, root / recipe.method, lambda *_: None, threads=1)
    return {method: root / method for method in ("lora", "qlora")}


def break_converter(sources: Path, out: Path, old: str, new: str) -> Path:
    """A copy of llama.cpp's converter with one line of its Llama conversion changed."""
    shutil.copytree(sources, out)
    file = out / "conversion" / "llama.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return out


@pytest.fixture(scope="session")
def llama_cpp_sources() -> Path:
    """llama.cpp's converter; the test is skipped where it is neither installed nor to be had."""
    from harness.errors import MissingToolError
    from harness.models.gguf.llamacpp_source import find_llama_cpp

    try:
        return find_llama_cpp()
    except MissingToolError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session")
def tiny_f16(
    tiny: Path, llama_cpp_sources: Path, forks: Forks, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The tiny model as an F16 GGUF."""
    from harness.models.gguf.convert import convert

    out = tmp_path_factory.mktemp("gguf") / "tiny-f16.gguf"
    with forked_workers(forks):
        convert(tiny, out)
    return out


@dataclass(frozen=True)
class Models:
    """Where the models of this test session lie. Tests copy a folder before they damage it."""

    tokenizer: Path
    llama: Path
    tied: Path
    mistral: Path
    lora: Path
    llama_gguf: Path
    tied_gguf: Path


@pytest.fixture(scope="session")
def models(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A tokenizer, three random models, a LoRA for the first, GGUFs of two."""
    from tests.engines.models import write_adapter, write_gguf, write_model, write_tokenizer

    folder = tmp_path_factory.mktemp("models")
    tokenizer = folder / "tokenizer"
    write_tokenizer(tokenizer)
    llama = write_model(folder / "llama", tokenizer)
    tied = write_model(folder / "tied", tokenizer, "llama-tied")
    return Models(
        tokenizer=tokenizer,
        llama=llama,
        tied=tied,
        mistral=write_model(folder / "mistral", tokenizer, "mistral"),
        lora=write_adapter(folder / "lora", llama),
        llama_gguf=write_gguf(folder / "llama.gguf", llama, forks.popen),
        tied_gguf=write_gguf(folder / "tied.gguf", tied, forks.popen),
    )
