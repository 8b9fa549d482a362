"""Faults in files that a run made: the next run says so, and ends in the same figures.

A small suite is run once. Each fault is put into a copy of its folders, from which the answers that depend on
the file are taken away where it is an artifact, so that it is really used.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import marks
from harness.records import Summary
from harness.runner.run import Options, Outcome, Prepared, prepare, run
from harness.runner.walk import Quiet
from tests.pipeline.in_process import run_here

SUITE = """\
name: small
defaults: {seed: 0, limit: 6}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 12, epochs: 1}}
  q8: {from: lora, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 6, limit: 4}
compare:
  tuning: {baseline: base, candidates: [lora, q8]}
"""
QUICK_SUITE = "\n".join(
    line
    for line in SUITE.splitlines()
    if not any(word in line for word in ("lora", "q8", "compare"))
)
"""Of one model that nothing has to be made of."""


@dataclass
class Place:
    """A suite and the folders of its runs."""

    folder: Path

    def run(self) -> tuple[Prepared, Outcome]:
        options = Options(results=self.folder / "results", home=self.folder / "home")
        prepared = prepare(self.folder / "small.yaml", options)
        return prepared, run(prepared, options, Quiet(), [])

    def file(self, pattern: str) -> Path:
        """The first file of a pattern, of its own: not shared with the run that was undisturbed."""
        file = sorted(self.folder.glob(pattern))[0]
        state = file.stat()
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        return file


def figures(summary: Summary) -> Any:
    """All that a summary says, but times, machines and the like."""
    data = json.loads(summary.model_dump_json())
    for cell in data["cells"]:
        for name in (
            "seconds",
            "load_seconds",
            "answered",
            "tokens",
            "footprint",
            "engine",
            "alike",
        ):
            del cell[name]
    return {name: data[name] for name in ("cells", "comparisons", "gates", "checks")}


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to."""

    folder: Path
    figures: Any


def undisturbed(folder: Path, suite: str) -> Undisturbed:
    (folder / "small.yaml").write_text(suite)
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        _, outcome = Place(folder).run()
    assert not outcome.failures
    return Undisturbed(folder, figures(outcome.summary))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("quick"), QUICK_SUITE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, llama_cpp_sources: Path) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("whole"), SUITE)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Undisturbed], Place]:
    """Makes a copy of a run's folders, in a process that has read none of them."""
    run_here(monkeypatch)
    monkeypatch.setattr(marks, "_KNOWN", {})

    def copy(run: Undisturbed) -> Place:
        shutil.copytree(run.folder, tmp_path / "copy", copy_function=os.link)
        return Place(tmp_path / "copy")

    return copy


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def _flip_in_silence(file: Path) -> None:
    state = file.stat()
    _flip(file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def _halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _empty(file: Path) -> None:
    os.truncate(file, 0)


def _not_utf8(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:10] + b"\xff\xfe" + content[12:])


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _no_keys(file: Path) -> None:
    file.write_text("{}\n")


FAULTS: dict[str, Callable[[Path], None]] = {
    "a bit flipped": _flip,
    "a bit flipped, its time kept": _flip_in_silence,
    "half of it": _halve,
    "empty": _empty,
    "gone": Path.unlink,
    "not UTF-8": _not_utf8,
    "a folder in its place": _folder,
    "no keys": _no_keys,
}
ARTIFACTS = (
    "prompts/*/prompts.jsonl", "prompts/*/prompts.json", "prompts/*/texts.json", "prompts/*/manifest.json",
    "examples/*/examples.jsonl", "examples/*/manifest.json",
    "finetune/*/adapter_model.safetensors", "finetune/*/adapter_config.json", "finetune/*/manifest.json",
    "merge/*/model.safetensors", "merge/*/config.json", "merge/*/tokenizer.json",
    "convert/*/model.gguf", "quantize/*/model.gguf", "quantize/*/manifest.json",
)  # fmt: skip
RESULTS = (
    "cells/*/sentiment/result.json", "cells/*/sentiment/samples.jsonl", "cells/*/dialogue/samples.jsonl",
    "steps/*.json", "summary.json", "prompts/*.json", "texts/*.json",
)  # fmt: skip
HOME = ("fingerprints.json", "readings/*.json")
QUICK = (
    ("home/artifacts/prompts/*/prompts.jsonl", "a bit flipped, its time kept"),
    ("results/small/cells/*/sentiment/samples.jsonl", "a bit flipped, its time kept"),
    ("results/small/cells/*/dialogue/samples.jsonl", "half of it"),
    ("results/small/cells/*/sentiment/result.json", "a folder in its place"),
    ("results/small/cells/*/sentiment/result.json", "a bit flipped"),
    ("results/small/steps/*.json", "not UTF-8"),
    ("results/small/prompts/*.json", "half of it"),
    ("results/small/summary.json", "a bit flipped"),
    ("home/fingerprints.json", "not UTF-8"),
)
AFTER = {
    "examples": ["finetune"],
    "finetune": ["merge", "convert", "quantize"],
    "merge": ["convert", "quantize"],
    "convert": ["quantize"],
}


def same_again(place: Place, expected: Undisturbed, pattern: str, fault: str) -> None:
    """Puts a fault into a file: the next run says so and gives the same figures, the one after it
    finds nothing."""
    file = place.file(pattern)
    kind = file.parent.parent.name
    if "/artifacts/" in pattern:
        shutil.rmtree(place.folder / "results")
        for later in AFTER.get(kind, ()):  # or nothing would read it
            shutil.rmtree(place.folder / "home" / "artifacts" / later)
    FAULTS[fault](file)
    prepared, outcome = place.run()
    assert not outcome.failures
    assert figures(outcome.summary) == expected.figures
    noted = any(str(file) in line for line in prepared.damaged())
    not_there = fault == "gone" and file.name not in MARKED
    assert noted != (not_there or file.parent.name in ("home", "readings")), prepared.damaged()
    again, outcome = place.run()
    assert again.damaged() == [] and outcome.unchanged


MARKED = {
    Path(name).name for name in ARTIFACTS if not name.endswith("manifest.json")
} | {"samples.jsonl"}  # fmt: skip
"""Names of files of which something else says that they have to be there."""


@pytest.mark.parametrize(("pattern", "fault"), QUICK)
def test_a_run_goes_on_from_what_is_whole(
    copied: Callable[[Undisturbed], Place], quick: Undisturbed, pattern: str, fault: str
) -> None:
    same_again(copied(quick), quick, pattern, fault)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "pattern",
    [
        *(f"home/artifacts/{name}" for name in ARTIFACTS),
        *(f"results/small/{name}" for name in RESULTS),
        *(f"home/{name}" for name in HOME),
    ],
)
def test_every_fault_of_every_file_leaves_the_figures_as_they_were(
    copied: Callable[[Undisturbed], Place], whole: Undisturbed, pattern: str, fault: str
) -> None:
    same_again(copied(whole), whole, pattern, fault)
