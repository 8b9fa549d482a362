"""What servers do in the middle of a run, through `harness run` as a whole process: clear failed cells, and a
second run that ends where an undisturbed one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engines.endpoint.certificates import own_certificate
from tests.engines.endpoint.standin import StandIn, standing_in

LABELS = ("positive", "negative")
BEFORE = 5
"""Answers that a server gives before it fails."""
FAULTS: dict[str, dict[str, Any]] = {
    "well": {},
    "dies": {"then": "die"},
    "hangs": {"then": "hang"},
    "half": {"then": 0},
    "busy": {"then": 429, "wait": 60},
    "other": {"model": "somebody"},
    "untrusted": {},
}
SAID = {
    "dies": ("broke off", "goes on with what is open"),
    "hangs": ("did not answer in time", "Raise `timeout`"),
    "half": ("no whole answer", "Its log may say why"),
    "busy": ("HTTP 429: not now (1 attempts; it asks to wait for 60 seconds)", "raise `patience`"),
    "other": ("does not serve `toy`", "It serves `somebody`"),
    "untrusted": ("is not trusted", "`authorities`"),
}


class Place:
    """A suite of a model for each server, run by the command."""

    def __init__(self, folder: Path, servers: dict[str, StandIn], certificate: Path) -> None:
        self.folder, self.servers, self.certificate = folder, servers, certificate
        for part in ("train", "test"):
            rows = "".join(f"the bank {part} {n},{LABELS[n % 2]}\n" for n in range(12))
            (folder / f"{part}.csv").write_text(f"text,label\n{rows}")

    def write(self, trusts: bool) -> None:
        data = {
            "train": "train.csv",
            "test": "test.csv",
            "prompt": "{{ text }}",
            "target": "{{ label }}",
        }
        models = {}
        for name, server in self.servers.items():
            how = {"retries": 0, "patience": 5, "timeout": 1.0 if name == "hangs" else 30}
            own = {"authorities": str(self.certificate)} if trusts and name == "untrusted" else {}
            models[name] = {
                "endpoint": {
                    "url": server.url, "model": "toy", "api": "chat", "concurrency": 1, **how, **own,
                }
            }  # fmt: skip
        tasks = {"labels": {"type": "classify", "dataset": data, "ask": "generate"}}
        suite = {"name": "faults", "models": models, "tasks": tasks}
        (self.folder / "suite.yaml").write_text(json.dumps(suite))

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HARNESS_HOME": str(self.folder / "home")}
        command = [sys.executable, "-m", "harness", "run", "suite.yaml"]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
        )

    def cells(self) -> dict[str, dict[str, Any]]:
        summary = json.loads((self.folder / "results" / "faults" / "summary.json").read_text())
        return {cell["model"]: cell for cell in summary["cells"]}

    def answers(self, model: str) -> dict[str, Any]:
        file = self.folder / "results" / "faults" / "cells" / model / "labels" / "samples.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return {one["id"]: (one["answer"], one["data"]["text"]) for one in map(json.loads, lines)}

    def mend(self) -> None:
        for server in self.servers.values():
            server.after, server.model = 10**9, "toy"
        self.write(trusts=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faults")
    certificate, tls = own_certificate(folder)
    with ExitStack() as stack:
        servers = {}
        for name, fault in FAULTS.items():
            server = StandIn(
                **fault, counting="the bank test", after=BEFORE + 2 if "then" in fault else 10**9,
                tls=tls if name == "untrusted" else None,
            )  # fmt: skip
            servers[name] = stack.enter_context(standing_in(server))
        made = Place(folder, servers, certificate)
        made.write(trusts=False)
        yield made


def test_each_fault_is_a_failed_cell_of_its_own_and_a_second_run_ends_like_an_undisturbed_one(
    place: Place,
) -> None:
    first = place.run()
    assert first.returncode == 1, first.stderr
    assert "Traceback" not in first.stdout + first.stderr
    cells = place.cells()
    assert {name for name, cell in cells.items() if cell["status"] == "ok"} == {"well"}
    whole = place.answers("well")
    assert len(whole) == 12
    for name, (message, hint) in SAID.items():
        error = cells[name]["error"]
        assert error["kind"] == "endpoint"
        assert message in error["message"] and hint in error["hint"], error
        kept = place.answers(name)
        assert len(kept) == (BEFORE if "then" in FAULTS[name] else 0)
        assert kept.items() <= whole.items()
    place.mend()
    asked = {name: len(server.asked) for name, server in place.servers.items()}
    second = place.run()
    assert second.returncode == 0, second.stdout + second.stderr
    cells = place.cells()
    for name, cell in cells.items():
        assert (cell["status"], cell["n"]) == ("ok", 12)
        assert place.answers(name) == whole
        assert cell["metrics"] == cells["well"]["metrics"]
    assert len(place.servers["well"].asked) == asked["well"]
    again = [sent for _, sent in place.servers["dies"].asked[asked["dies"] :]]
    of_task = [sent for sent in again if "the bank test" in str(sent) and sent["max_tokens"] == 12]
    assert len(of_task) == 12 - BEFORE
