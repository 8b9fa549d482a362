"""Large cells in parts on Ray itself, two nodes of a core each: what comes out is what one worker gives, whoever is killed meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.starter import MODEL_FOLDER
from tests.executors.simulated import LOOPBACK, MOST_SECONDS, cluster_of, differences
from tests.soak.runs import ROOT, without_times

pytestmark = pytest.mark.slow
SUITE = """
name: parts
forgetting: false
defaults: {resources: {cpus: 1, memory: 50 MB}}
models:
  base: {source: ./model}
tasks:
  sentiment:
    type: classify
    dataset: {file: rows.csv, prompt: "{{ text }}\\nSentiment:", target: "{{ label }}", labels: [bad, good]}
"""
WORDS = ("lovely", "good"), ("awful", "bad")
ROWS = 4000
ALONE = "alone"
CELL = Path("results", "parts", "cells", "base", "sentiment")


class Place:
    """A suite, and its runs, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(MODEL_FOLDER, folder / "model")
        rows = ["text,label"]
        for number in range(ROWS):
            word, label = WORDS[number % 2]
            music = "and so was the music " * (number % 7)
            rows.append(f"In week {number} the meal was {word} {music},{label}")
        (folder / "rows.csv").write_text("\n".join(rows))
        (folder / "parts.yaml").write_text(SUITE)

    def start(self, at: str, *words: str) -> subprocess.Popen[bytes]:
        """`harness run`, in a process of its own, on a machine that was timed by the first."""
        home = self.folder / at / "home"
        if not home.exists():
            home.mkdir(parents=True)
            for file in (self.folder / ALONE / "home").glob("*.json"):
                shutil.copy(file, home)
        environment = {
            **os.environ, "HARNESS_HOME": str(home), "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1", LOOPBACK: "0",
        }  # fmt: skip
        command = [sys.executable, "-m", "harness", "run", "../parts.yaml", *words]
        with (self.folder / at / "said.log").open("ab") as said:
            return subprocess.Popen(
                command, cwd=self.folder / at, stdout=said, stderr=said, env=environment
            )

    def said(self, at: str) -> str:
        return " ".join((self.folder / at / "said.log").read_text().split())

    def run(self, at: str, *words: str) -> None:
        assert self.start(at, *words).wait(MOST_SECONDS) == 0, self.said(at)

    def outcome(self, at: str) -> Any:
        """The summary, without what times, and the samples' lines, which may come in any order."""
        folder = self.folder / at / "results" / "parts"
        samples = sorted((self.folder / at / CELL / "samples.jsonl").read_text().splitlines())
        summary = without_times(json.loads((folder / "summary.json").read_text()))
        return {"summary": summary, "samples": samples}

    def tokens(self, at: str) -> int:
        """Those that went through the model for the cell, by all its workers."""
        return int(json.loads((self.folder / at / CELL / "result.json").read_text())["tokens"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(tmp_path_factory.mktemp("parts"))
    found.run(ALONE)
    return found


@pytest.fixture
def cluster() -> Iterator[Any]:
    with cluster_of(3, head_cpus=0) as cluster:
        yield cluster


def on_ray(cluster: Any, parts: int = 2) -> tuple[str, ...]:
    return ("--executor", "ray", "--address", cluster.address, "--parts", str(parts))


def until(is_so: Callable[[], Any], what: str) -> None:
    """Waits for something."""
    ends = time.monotonic() + MOST_SECONDS
    while not is_so():
        assert time.monotonic() < ends, f"in vain: {what}"
        time.sleep(0.02)


def whole_lines(file: Path) -> bytes:
    """Of a file that may not be there, and whose last line may not be whole."""
    content = file.read_bytes() if file.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def stopped_midway(place: Place, at: str) -> tuple[psutil.Process, Path]:
    """The worker that asks the second part, stopped once some of its answers are there; and the file it writes."""
    part = place.folder / at / CELL / "part-2"
    until(lambda: whole_lines(part / "samples.jsonl"), "answers of the second part")
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline()[-1:] == ["harness.runner.worker"]:
                for of in process.open_files():
                    if Path(of.path).match("base/sentiment/part-2/samples.jsonl"):
                        process.send_signal(signal.SIGSTOP)
                        assert not (part / "result.json").exists()
                        return process, Path(of.path)
    raise AssertionError("nobody asks the second part any more")


def above(process: psutil.Process, name: str) -> psutil.Process:
    """The first of the processes above one whose command begins so."""
    return next(of for of in process.parents() if Path(of.cmdline()[0]).name.startswith(name))


def kill_node_of(process: psutil.Process, cluster: Any) -> None:
    raylet = above(process, "raylet").pid
    for node in list(cluster.worker_nodes):
        if node.all_processes["raylet"][0].process.pid == raylet:
            cluster.remove_node(node, allow_graceful=False)
    assert len(cluster.worker_nodes) == 1


def test_parts_on_two_nodes_end_in_what_one_worker_gives(place: Place, cluster: Any) -> None:
    place.run("there", *on_ray(cluster))
    assert "side by side: base/sentiment (2)." in place.said("there")
    assert not list(differences(place.outcome(ALONE), place.outcome("there")))


@pytest.mark.parametrize("killed", ["worker", "task", "node", "driver"])
def test_whoever_is_killed_the_parts_end_in_what_one_worker_gives(
    place: Place, cluster: Any, killed: str
) -> None:
    driver = place.start(killed, *on_ray(cluster))
    worker, _ = stopped_midway(place, killed)
    match killed:
        case "worker":
            worker.kill()
        case "task":
            above(worker, "ray::").kill()
        case "node":
            kill_node_of(worker, cluster)
        case "driver":
            driver.kill()
            driver.wait()
            driver = place.start(killed, *on_ray(cluster, parts=1))
            until(lambda: "Taking over" in place.said(killed), "its jobs are taken over")
            worker.send_signal(signal.SIGCONT)
    assert driver.wait(MOST_SECONDS) == 0, place.said(killed)
    assert place.said(killed).count("side by side: base/sentiment (2).") == 1 + (killed == "driver")
    assert not list(differences(place.outcome(ALONE), place.outcome(killed)))


def test_a_killed_node_that_shares_but_a_store_takes_no_answer_along_that_was_told(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    with cluster_of(3, head_cpus=0, homes=tmp_path) as cluster:
        driver = place.start("far", *on_ray(cluster), "--store", f"file://{tmp_path}/shared")
        worker, written = stopped_midway(place, "far")
        told = place.folder / "far" / CELL / "part-2" / "samples.jsonl"
        assert tmp_path in written.parents, "the node writes into a folder of its own"
        until(lambda: told.read_bytes() == whole_lines(written), "all that stands there is told")
        kill_node_of(worker, cluster)
        assert driver.wait(MOST_SECONDS) == 0, place.said("far")
    assert not list(differences(place.outcome(ALONE), place.outcome("far")))
    assert place.tokens("far") <= place.tokens(ALONE), "nothing that was told is asked twice"
    made = {path.parent.name for path in (place.folder / "far/home/artifacts").glob("*/*/")}
    assert made == {"prompts"}, "the driver has made and fetched nothing else"
    assert len(list(tmp_path.glob("node-*/home/files/*/model.safetensors"))) == 2
