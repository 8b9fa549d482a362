"""A small suite that passes through every phase, run as a command of its own, and ended at random moments."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.soak.forked import ForkedRun

ROOT = Path(__file__).parents[2]
SUITE = """\
name: soak
defaults: {seed: 0, limit: 6}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue], rank: 4, limit: 16, epochs: 2}}
  f16: {from: lora, gguf: F16}
  q4: {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 20}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 16}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: f16, limit: 3}
  speed: {type: speed, prompt_tokens: 16, new_tokens: 8, repetitions: 2, rounds: 1}
compare:
  tuning: {baseline: base, candidates: [lora]}
  quantization: {baseline: f16, candidates: [q4]}
"""
SMALL = """\
name: soak
defaults: {seed: 0, limit: 4}
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
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Place:
    """A folder with a suite, and all that its runs write."""

    folder: Path

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

    def start(self) -> ForkedRun:
        """`harness run`, in a session of its own."""
        environment = {
            **os.environ,
            "HARNESS_HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }
        words = ["run", "soak.yaml", "--jobs", "2"]
        return ForkedRun(words, self.folder, environment, self.folder / "said.log")

    def finish(self) -> None:
        """Runs to the end; raises AssertionError where that does not end well."""
        run = self.start()
        code = run.wait(LONGEST_SECONDS)
        assert code == 0, f"exit code {code}: {(self.folder / 'said.log').read_text()[-3000:]}"

    def processes(self) -> list[psutil.Process]:
        """Those of runs that are alive: all that was started from here, as orphans come to this process."""
        found = []
        for one in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found


@dataclass
class Killer:
    """Ends runs at moments that a seed decides, and notes at what they were."""

    seed: int
    phases: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """So far."""
        return self.targets.total()

    def __post_init__(self) -> None:
        self._chooser = random.Random(self.seed)

    def disturb(self, place: Place) -> bool:
        """Starts a run and kills its parent, a worker, or all at once; whether it came to that before the end."""
        chooser = self._chooser
        (place.results / "run.jsonl").unlink(missing_ok=True)  # that of the run before
        run = place.start()
        begun = time.monotonic()
        number = chooser.randrange(0, 4)
        # Half of them fall a while after a step has begun, the others anywhere.
        by_step, wait = chooser.random() < 0.7, chooser.uniform(0.0, 3.0)
        wait = wait * chooser.random() if by_step else 5 * wait
        since: float | None = None if by_step else begun
        while since is None or time.monotonic() - since < wait:
            if run.poll() is not None:
                assert run.returncode == 0, (place.folder / "said.log").read_text()[-3000:]
                return False
            if since is None and len(at(place)[0]) > number:
                since = time.monotonic()
            if since is None and time.monotonic() - begun > 20:
                since = time.monotonic()
            time.sleep(LOOK_SECONDS)
        phase = at(place)[1]
        target = chooser.choice(("parent", "worker", "group", "child", "all"))
        if not self._kill(target, run, place):
            target = "parent"
            run.kill()
        self.phases[phase] += 1
        self.targets[target] += 1
        if target in ("worker", "child"):
            run.wait(LONGEST_SECONDS)
        run.wait(LONGEST_SECONDS)
        return True

    def _kill(self, target: str, run: ForkedRun, place: Place) -> bool:
        if target == "parent":
            run.kill()
        elif target == "group":
            os.killpg(run.pid, signal.SIGKILL)
        else:
            others = [one for one in place.processes() if one.pid != run.pid]
            if target == "all":
                others.append(psutil.Process(run.pid))
            elif target == "child":
                others = [one for one in others if "convert" in " ".join(one.cmdline())]
            chosen = others if target == "all" else others[:1]
            for one in chosen:
                one.kill()
            return bool(chosen)
        return True


def at(place: Place) -> tuple[list[int], str]:
    """The steps that the running run has begun, and what it is at: kinds of open steps, else before or after."""
    begun: list[int] = []
    open_ones: dict[int, str] = {}
    kinds: list[str] = []
    try:
        lines = (place.results / "run.jsonl").read_text().splitlines()
    except OSError:
        return [], "starting"
    ended = False
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        match told["event"]:
            case "began":
                kinds = [
                    f"{of.get('kind', '')} {of.get('task', '')}".strip() for of in told["steps"]
                ]
            case "started":
                begun.append(told["step"])
                open_ones[told["step"]] = kinds[told["step"]]
            case "done" | "failed":
                open_ones.pop(told["step"], None)
            case "ended":
                ended = True
    now = "+".join(sorted(set(open_ones.values()))) or "between steps"
    return begun, "comparing and reporting" if ended or (
        len(begun) >= len(kinds) > 0 and not open_ones
    ) else now


def samples(place: Place) -> dict[str, list[str]]:
    """By cell that is not timed the lines of its samples that are whole."""
    found = {}
    for file in sorted(place.results.glob("cells/*/*/samples.jsonl")):
        if file.parent.name != "speed":
            found["/".join(file.parent.parts[-2:])] = file.read_text().split("\n")[:-1]
    return found


def summary(place: Place) -> Any:
    """What `summary.json` says, without what times."""
    return _without_times(json.loads((place.results / "summary.json").read_text()))


def _without_times(data: Any) -> Any:
    if isinstance(data, dict):
        timed = data.get("task") == "speed" or data.get("type") == "speed"
        if timed and "candidate" in data:
            return {name: data[name] for name in ("name", "metric", "baseline", "candidate")}
        return {
            key: _without_times(value)
            for key, value in data.items()
            if not TIMED.search(key) and not (timed and key in ("metrics", "details", "engine"))
        }
    if isinstance(data, list):
        return [_without_times(one) for one in data]
    return data


def artifacts(place: Place) -> dict[str, str]:
    """By file of an artifact the SHA-256 of what is in it; manifests hold times, and are left out."""
    found = {}
    for file in sorted((place.home / "artifacts").glob("*/*/**/*")):
        if file.is_file() and file.name not in ("manifest.json", "training.json", "curve.jsonl"):
            found[str(file.relative_to(place.home))] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


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
