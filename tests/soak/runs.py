"""A small suite that passes through every phase, run as a command of its own, and ended at random moments."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.soak.forked import DIES_AT, ForkedRun

ROOT = Path(__file__).parents[2]
SUITE = """\
name: soak
defaults: {seed: 0, limit: 6}
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue], rank: 4, limit: 16, epochs: 2}}
  f16: {from: lora, gguf: F16}
  q4: {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 20}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 16}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: f16, limit: 3}
  speed: {type: speed, models: [q4], prompt_tokens: 16, new_tokens: 8, repetitions: 2, rounds: 1}
compare:
  tuning: {baseline: base, candidates: [lora]}
  quantization: {baseline: f16, candidates: [q4]}
"""
SMALL = """\
name: soak
defaults: {seed: 0, limit: 4}
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 8, epochs: 1}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 12}
"""
TIMED = re.compile(
    "seconds|_per_second|started|created|finished|moment|interrupted|answered|footprint|machine|software"
    "|peak|memory|commands|alike|resumed|seal|energy|speed|watts|joules|load|tokens$|cost|batch"
)
"""Keys of a summary whose values an interruption may change: times, what a part of a run measured, and
`alike`, which holds the moment of the fine-tuning, `resumed`, which says where it went on, and seals over such values."""
LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Place:
    """A folder with a suite, and all that its runs write."""

    folder: Path
    others: frozenset[psutil.Process] = field(
        default_factory=lambda: frozenset(psutil.Process().children(recursive=True))
    )
    """What other tests had started before."""

    @classmethod
    def make(cls, folder: Path, suite: str = SUITE, like: Place | None = None) -> Place:
        """With nothing done yet; that this machine was timed is known from another place."""
        for name in ("tmp", "home"):
            (folder / name).mkdir(parents=True)
        (folder / "soak.yaml").write_text(suite)
        for file in like.home.glob("*.json") if like is not None else ():
            shutil.copy(file, folder / "home")
        return cls(folder)

    @property
    def results(self) -> Path:
        return self.folder / "results" / "soak"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def died(self) -> Path:
        """The file in which a process writes its number that ends itself."""
        return self.folder / "died"

    def start(self, dies_at: int | None = None) -> ForkedRun:
        """`harness run`, in a session of its own.

        Args:
            dies_at: the first of its processes that puts something on disk so often ends itself, and says so in
                `died`.
        """
        environment = {
            **os.environ,
            "HARNESS_HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            **({DIES_AT: f"{dies_at}:{self.died}"} if dies_at is not None else {}),
        }
        words = ["run", "soak.yaml", "--jobs", "2"]
        return ForkedRun(words, self.folder, environment, self.folder / "said.log")

    def finish(self) -> None:
        """Runs to the end; raises AssertionError where that does not end well."""
        run = self.start()
        code = run.wait(LONGEST_SECONDS)
        assert code == 0, f"exit code {code}: {(self.folder / 'said.log').read_text()[-3000:]}"

    def processes(self) -> list[psutil.Process]:
        """Those of runs that are alive: all that was started since from here, as orphans come to this process."""
        found = []
        for one in set(psutil.Process().children(recursive=True)) - self.others:
            with suppress(psutil.Error):
                if one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found


def samples(place: Place) -> dict[str, list[str]]:
    """By cell that is not timed the lines of its samples that are whole."""
    found = {}
    for file in sorted(place.results.glob("cells/*/*/samples.jsonl")):
        if file.parent.name != "speed":
            found["/".join(file.parent.parts[-2:])] = file.read_text().split("\n")[:-1]
    return found


def summary(place: Place) -> Any:
    """What `summary.json` says, without what times."""
    return without_times(json.loads((place.results / "summary.json").read_text()))


def without_times(data: Any) -> Any:
    if isinstance(data, dict):
        timed = data.get("task") == "speed" or data.get("type") == "speed"
        if timed and "candidate" in data:
            return {name: data[name] for name in ("name", "metric", "baseline", "candidate")}
        return {
            key: without_times(value)
            for key, value in data.items()
            if not TIMED.search(key) and not (timed and key in ("metrics", "details", "engine"))
        }
    if isinstance(data, list):
        return [without_times(one) for one in data]
    return data


def artifacts(place: Place) -> dict[str, str]:
    """By file of an artifact the SHA-256 of what is in it; manifests hold times, and are left out."""
    found = {}
    for file in sorted((place.home / "artifacts").glob("*/*/**/*")):
        if file.is_file() and file.name not in ("manifest.json", "training.json", "curve.jsonl"):
            found[str(file.relative_to(place.home))] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def pages(place: Place) -> set[str]:
    """Names of a report's files; the page and the charts differ in times."""
    return {str(file.relative_to(place.folder)) for file in place.folder.glob("reports/soak/**/*")}


def left_over(place: Place) -> list[str]:
    """Scratch, locks that are held, and processes: what a finished run must not leave."""
    found = [str(one) for one in place.folder.glob("tmp/*")]
    found += [str(one) for one in place.home.glob("work/*")]
    for top in (place.home, place.results, place.folder / "reports"):
        found += [str(one) for one in top.rglob(".*") if one.name != ".lock"]
    found += [
        f"lock {one}"
        for one in [*place.home.rglob("*.lock"), *place.results.rglob("*.lock")]
        if held(one)
    ]
    return found + [f"process {one}" for one in place.processes()]


def held(file: Path) -> bool:
    """Whether anybody holds a lock."""
    with file.open("rb+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
