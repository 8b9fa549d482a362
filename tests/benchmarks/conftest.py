"""Fixtures of the benchmarks, and the tables at the end of `make bench`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.benchmarks.model import model
from tests.benchmarks.places import CACHE, missing
from tests.benchmarks.ratios import markdown
from tests.benchmarks.ring import Ring

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
