"""What a leaderboard of 1,000 models × 20 tasks costs, and how soon it shows.

Built from 2,000,000 samples, it must cost no more than 4 readings of the same files by Python's own JSON reader,
in seconds of a processor, the start of the command included. In chromium it must show before a plain page of
the same figures, all rows in it, is loaded.
"""

from __future__ import annotations

import csv
import html
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.test_commands import cost
from tests.leaderboard.many import write_many

MODELS, TASKS, EXAMPLES = 1_000, 20, 100
CHROMIUM = Path("/usr/bin/chromium")
ROUNDS = 5
MOST_READINGS = 4
READ = """
import json, pathlib, sys
for file in pathlib.Path(sys.argv[1]).rglob("*.json*"):
    text = file.read_text(encoding="utf-8")
    for line in text.splitlines() if file.suffix == ".jsonl" else [text]:
        json.loads(line)
"""
PAINTED = """
new Promise(resolve => new PerformanceObserver(list => resolve(
    list.getEntriesByName("first-contentful-paint").map(one => one.startTime)[0]
)).observe({type: "paint", buffered: true}))
"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventStart"


def test_a_leaderboard_costs_a_few_readings_of_its_results(benchmark: Any, tmp_path: Path) -> None:
    results = write_many(tmp_path / "results", MODELS, TASKS, EXAMPLES)
    out = tmp_path / "site"
    ours = ["-m", "harness", "leaderboard", str(results), "--out", str(out)]
    subprocess.run([sys.executable, *ours], cwd=Path.cwd(), check=True, capture_output=True)
    ratio = cost(ours, Path.cwd()) / cost(["-c", READ, str(results)], tmp_path)
    benchmark.extra_info["readings"] = ratio
    benchmark.extra_info["bytes"] = sum(file.stat().st_size for file in out.rglob("*.*"))
    benchmark.extra_info["first_page_bytes"] = (out / "index.html").stat().st_size
    benchmark.pedantic(cost, (ours, Path.cwd()), rounds=1)
    assert ratio <= MOST_READINGS


def plain(table: Path) -> str:
    """A page with all figures of a leaderboard, a row a model."""
    figures: dict[str, dict[str, str]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            shown = f"{row['value']} [{row['low']}, {row['high']}]"
            figures.setdefault(row["model"], {})[row["group"]] = shown
    groups = list(next(iter(figures.values())))
    rows = (
        f"<tr><th>{html.escape(model)}</th>"
        + "".join(f"<td>{of.get(group, '')}</td>" for group in groups)
        + "</tr>"
        for model, of in figures.items()
    )
    return f"<!doctype html><meta charset=utf-8><table>{''.join(rows)}</table>"


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
def test_a_thousand_models_show_before_their_plain_table_is_loaded(
    benchmark: Any, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    results = write_many(tmp_path / "results", MODELS, TASKS, EXAMPLES, samples=False)
    out = tmp_path / "site"
    ours = ["-m", "harness", "leaderboard", str(results), "--out", str(out)]
    subprocess.run([sys.executable, *ours], cwd=Path.cwd(), check=True, capture_output=True)
    (tmp_path / "plain.html").write_text(plain(out / "leaderboard.csv"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )

        def seconds(file: Path, until: str) -> float:
            """From the start to something, the least of a few."""
            found: list[float] = []
            for _ in range(ROUNDS):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(file.as_uri(), wait_until="load")
                found.append(float(page.evaluate(until)) / 1000)
                page.close()
            return min(found)

        reference = seconds(tmp_path / "plain.html", LOADED)
        found = benchmark.pedantic(seconds, (out / "index.html", PAINTED), rounds=1)
        browser.close()
    benchmark.extra_info.update(first_paint_seconds=found, plain_seconds=reference)
    assert found <= reference
