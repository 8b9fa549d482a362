"""What a report of many answers costs, in readings of its samples by Python's own JSON reader.

20 models × 10 tasks × 1,000 samples must cost no more than 7 of them, in seconds of a processor; on two cores
of a Xeon a reading took 0.75 s and the report 3.0 s (3.9 readings), the start of the command included.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.test_commands import cost
from tests.reporting.browser.made import write_made

MODELS, TASKS, EXAMPLES = 20, 10, 1_000
KINDS = ("classify", "summarize", "classify", "classify", "divergence")
READ = """
import json, pathlib, sys
for file in pathlib.Path(sys.argv[1]).glob("cells/*/*/samples.jsonl"):
    for line in file.read_text(encoding="utf-8").splitlines():
        json.loads(line)
"""


def test_a_report_of_200_000_answers_costs_a_few_readings_of_them(
    benchmark: Any, tmp_path: Path
) -> None:
    models = [f"model-{number}" for number in range(MODELS)]
    tasks = {f"task-{number}": KINDS[number % len(KINDS)] for number in range(TASKS)}
    results = tmp_path / "large"
    write_made(results, models, tasks, EXAMPLES)
    ours = ["-m", "harness", "report", str(results), "--reports", str(tmp_path / "reports")]
    run = partial(subprocess.run, [sys.executable, *ours], check=True, capture_output=True)
    benchmark.pedantic(run, rounds=1)
    page = tmp_path / "reports" / "large" / "index.html"
    benchmark.extra_info["page_bytes"] = page.stat().st_size
    ratio = cost(ours, Path.cwd()) / cost(["-c", READ, str(results)], tmp_path)
    benchmark.extra_info["readings"] = ratio
    assert ratio <= 7
