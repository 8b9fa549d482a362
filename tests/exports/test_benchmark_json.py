"""pytest-benchmark's JSON: read by its own command, with its own statistics."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark import cli
from pytest_benchmark import stats as their_stats

from harness.errors import InputError
from harness.exports.benchmark_json import export_benchmarks, statistics
from tests.exports.made_results import made_results
from tests.reporting.variants import without_speed

untyped: Any = lambda module: module  # noqa: E731
SECONDS = st.floats(min_value=1e-9, max_value=1e3)


@given(st.lists(SECONDS, min_size=1, max_size=30))
def test_statistics_are_those_of_pytest_benchmark(seconds: list[float]) -> None:
    theirs: Any = untyped(their_stats).Stats()
    for one in seconds:
        theirs.update(one)
    ours = statistics(seconds)
    assert ours.keys() == theirs.as_dict().keys()
    for name, value in theirs.as_dict().items():
        assert ours[name] == (value if isinstance(value, str) else pytest.approx(value)), name


def test_compare_of_pytest_benchmark_reads_two_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("old", "new"):
        export_benchmarks(made_results(tmp_path), tmp_path / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    files = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    monkeypatch.setattr(
        sys, "argv", ["pytest-benchmark", "compare", "-k", "128 and not x4", *files]
    )
    untyped(cli).main()
    said = capsys.readouterr()
    rows = [line.split()[1:3] for line in said.out.splitlines() if line.startswith("speed decode")]
    shown = {(name, source.strip("()").split("/")[-1]) for name, source in rows}
    assert {("decode-128[lora-q4]", "old"), ("decode-128[base]", "new")} <= shown
    assert "Failed to load" not in said.out + said.err


def test_operations_per_second_are_tokens_per_second(tmp_path: Path) -> None:
    results = made_results(tmp_path)
    (file,) = export_benchmarks(results, tmp_path / "speed.json").files
    session = json.loads(file.read_text())
    by_name = {one["name"]: one for one in session["benchmarks"]}
    one = by_name["speed decode-128x4@2048[lora-q4]"]
    (cell,) = [c for c in results.cells(timed=True) if c.model == "lora-q4"]
    shape = next(
        s for s in cell.details["speed"]["shapes"] if (s["batch_size"], s["depth"]) == (4, 2048)
    )
    rates = [rate for round in shape["repetitions"] for rate in round]
    assert one["stats"]["data"] == [1 / rate for rate in rates]
    assert one["stats"]["ops"] == pytest.approx(shape["tokens_per_second"]["value"], rel=0.01)
    assert one["extra_info"]["tokens_per_second"]["value"] == shape["tokens_per_second"]["value"]
    assert one["extra_info"]["doubts"] == ["spread: decode varied by 7.1% (CV)"]
    assert session["machine_info"]["node"] == "" and session["datetime"] == results.summary.created


def test_without_timings_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model was timed"):
        export_benchmarks(made_results(tmp_path, without_speed()), tmp_path / "out")
