"""Fixtures of the benchmarks, and the tables at the end of `make bench`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import peers
from tests.benchmarks.model import model
from tests.benchmarks.places import CACHE, missing
from tests.benchmarks.ratios import markdown
from tests.benchmarks.ring import THREADS, Ring

PACKAGES = ("torch", "transformers", "llama-cpp-python")
TABLES = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def ring() -> Iterator[Ring]:
    """The contestants; skips where peers or data are not there."""
    if why := missing():
        pytest.skip(why)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.model"], check=True)
    made = Ring(model())
    yield made
    made.close()


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Adds what the figures depend on beside the processor."""
    machine_info["threads"] = THREADS
    machine_info["packages"] = {name: metadata.version(name) for name in PACKAGES}
    pinned = (Path(peers.__path__[0]) / "requirements.txt").read_text().split("\n")
    machine_info["packages"] |= dict(
        line.split("==") for line in pinned if line.startswith("lm_eval==")
    )


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Makes the tables from the data that is being saved, and writes them beside it."""
    config.stash[TABLES] = markdown(output_json)
    CACHE.mkdir(exist_ok=True)
    (CACHE / "latest.md").write_text(config.stash[TABLES])


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the tables."""
    if TABLES in config.stash:
        terminalreporter.section("ratios")
        terminalreporter.write_line(config.stash[TABLES])
