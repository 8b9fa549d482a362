"""What commands cost that have nothing to do, in starts of a bare interpreter.

`--help` must cost no more than 12 of them, and a run that has nothing to do no more than 6, in seconds of
a processor; on two cores of a Xeon they took 5.5 and 2 (0.055 and 0.02 s).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROUNDS = 7
NOTE = """
from harness.cli.unchanged import Watch, remember
watch = Watch()
watch.begin()
watch.add("suite.yaml")
watch.end()
remember({words}, watch, "Nothing to do.", 0)
"""
COMMAND = """
import sys
sys.argv[1:] = {words}
from harness.cli import main
main()
"""


def cost(words: Sequence[str], folder: Path) -> float:
    """The least of a few runs, in seconds of a processor."""
    found = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], cwd=folder, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


@pytest.mark.parametrize(
    ("words", "starts"), [(("--help",), 12), (("run", "suite.yaml"), 6)], ids=["help", "run"]
)
def test_a_command_with_nothing_to_do_costs_a_few_starts_of_an_interpreter(
    benchmark: Any,
    words: tuple[str, ...],
    starts: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text("name: s\n")
    os.utime(tmp_path / "suite.yaml", (1e9, 1e9))
    subprocess.run([sys.executable, "-c", NOTE.format(words=words)], check=True)
    ours = ["-c", COMMAND.format(words=words)]
    cost(ours, tmp_path)
    ratio = cost(ours, tmp_path) / cost(["-c", "pass"], tmp_path)
    benchmark.extra_info["starts"] = ratio
    benchmark.pedantic(cost, (ours, tmp_path), rounds=1)
    assert ratio <= starts
