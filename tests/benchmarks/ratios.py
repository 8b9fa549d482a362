"""Ratios of the figures that pytest-benchmark kept, each with the target it has to meet.

    python -m tests.benchmarks.ratios .benchmarks/latest.json

prints the tables as Markdown; `make bench` does so at its end. Pure functions of that JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from tabulate import tabulate

Benchmark = Mapping[str, Any]
Rule = Literal["at least", "within", "below"]
DISTURBED = 0.1
"""Cores that other processes may use during a lap."""


@dataclass(frozen=True)
class Row:
    """One row of the table: a reference and ours in one group, and the figure that is compared.

    `seconds` are compared as reference over ours, everything else as ours over reference.
    `within` and `below` are shares: how far the ratio may be from 1, how large it may be.
    """

    work: str
    group: str
    reference: str
    ours: str
    figure: str
    rule: Rule
    limit: float
    reference_figure: str = ""

    @property
    def target(self) -> str:
        """In words."""
        if self.rule == "at least":
            return f"≥ {self.limit:g}×"
        return f"{self.rule} {self.limit:.0%}"


@dataclass(frozen=True)
class Ratio:
    """What was found for a row; figures are medians over the laps."""

    row: Row
    reference: float
    ours: float
    disturbed: bool
    """Whether other processes used the machine during one of the laps."""

    @property
    def value(self) -> float:
        """The ratio that the rule judges."""
        if self.row.figure == "seconds":
            return self.reference / self.ours
        return self.ours / self.reference

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        limit = self.row.limit
        match self.row.rule:
            case "at least":
                return self.value >= limit
            case "within":
                return abs(self.value - 1.0) <= limit
            case "below":
                return self.value < limit


def find_ratio(row: Row, benchmarks: Sequence[Benchmark]) -> Ratio | None:
    """The ratio of a row; None where one of the two was not run."""
    reference = contestant(benchmarks, row.group, row.reference)
    ours = contestant(benchmarks, row.group, row.ours)
    if reference is None or ours is None:
        return None
    others = [*_numbers(reference, "other_cores"), *_numbers(ours, "other_cores")]
    return Ratio(
        row,
        median(_numbers(reference, row.reference_figure or row.figure)),
        median(_numbers(ours, row.figure)),
        any(other > DISTURBED for other in others),
    )


def contestant(benchmarks: Sequence[Benchmark], group: str, name: str) -> Benchmark | None:
    """The benchmark of a contestant in a group; None where it was not run."""
    for benchmark in benchmarks:
        if benchmark["group"] == group and benchmark["extra_info"].get("contestant") == name:
            return benchmark
    return None


def _numbers(benchmark: Benchmark, figure: str) -> list[float]:
    value = benchmark["extra_info"][figure]
    return [float(one) for one in value] if isinstance(value, list) else [float(value)]


def ratio_table(rows: Sequence[Row], benchmarks: Sequence[Benchmark]) -> str:
    """The rows as a Markdown table. Groups that were not run are left out; where only one side of
    a row was, it says so."""
    lines = []
    groups = {benchmark["group"] for benchmark in benchmarks}
    for row in (row for row in rows if row.group in groups):
        found = find_ratio(row, benchmarks)
        if found is None:
            lines.append([row.work, row.reference, row.ours, "not run", row.target, ""])
            continue
        reference = f"{row.reference}{_batch(benchmarks, row)}: {_figure(found.reference, row)}"
        lines.append(
            [
                row.work,
                reference,
                f"{row.ours}: {_figure(found.ours, row)}",
                _ratio(found),
                row.target,
                "yes" if found.met else "no",
            ]
        )
    return _table(lines, ["work", "reference", "ours", "ratio", "target", "met"])


def _batch(benchmarks: Sequence[Benchmark], row: Row) -> str:
    reference = contestant(benchmarks, row.group, row.reference)
    size = reference["extra_info"].get("batch_size") if reference else None
    return f", batch {size}" if size else ""


def _figure(value: float, row: Row) -> str:
    if row.figure.startswith("tokens_per") or row.figure.endswith("tokens_per_second"):
        return f"{value:,.0f} tokens/s"
    if row.figure.endswith("_bytes"):
        return f"{value / 2**20:,.0f} MiB"
    return f"{value:.3g} s"


def _ratio(found: Ratio) -> str:
    if found.row.rule == "below":
        text = f"{found.value:.1%}"
    else:
        text = f"{found.value:.3g}×" if found.row.rule == "at least" else f"{found.value:.3f}"
    return f"{text} (disturbed)" if found.disturbed else text


def ceiling_table(rows: Sequence[Row], bench: str, benchmarks: Sequence[Benchmark]) -> str:
    """How many times as fast a row could be if each token that has to be run ran at the prefill rate
    that llama-bench (the contestant `bench` of the group) reaches, and nothing else took time.

    Only for work that is all prefill; rows of contestants that llama-bench cannot run are left out
    by the caller.
    """
    lines = []
    for row in rows:
        reference = contestant(benchmarks, row.group, row.reference)
        ours = contestant(benchmarks, row.group, row.ours)
        rate = contestant(benchmarks, row.group, bench)
        if reference is None or ours is None or rate is None:
            continue
        per_second = median(_numbers(rate, "tokens_per_second"))
        least = median(_numbers(ours, "computed_tokens")) / per_second
        most = median(_numbers(reference, "seconds")) / least
        lines.append([row.work, row.reference, f"{least:.3g} s", f"{most:.3g}×", row.target])
    return _table(lines, ["work", "reference", "at llama-bench's rate", "ratio then", "target"])


def shots_table(benchmarks: Sequence[Benchmark], group: str) -> str:
    """Cost by number of shots: prompt length, tokens that were run, time. Empty if not run."""
    lines = []
    for benchmark in benchmarks:
        if benchmark["group"] == group:
            info, seconds = benchmark["extra_info"], median(_numbers(benchmark, "seconds"))
            examples = info["examples"]
            lines.append(
                [
                    info["contestant"],
                    f"{info['prompt_tokens'] / examples:.0f}",
                    f"{info['computed_tokens'] / examples:.1f}",
                    f"{1000 * seconds / examples:.1f}",
                    f"{median(_numbers(benchmark, 'computed_tokens_per_second')):,.0f}",
                ]
            )
    headers = ["shots", "prompt tokens", "of them run", "ms an example", "run tokens/s"]
    return _table(lines, headers)


def memory_table(benchmarks: Sequence[Benchmark], group: str) -> str:
    """Resident memory as examples go by. Empty if not run."""
    lines = []
    for benchmark in benchmarks:
        if benchmark["group"] == group:
            info = benchmark["extra_info"]
            marks = [f"{size / 2**20:.0f}" for size in info["resident_bytes"]]
            after = f"{info['after_bytes'] / 2**20:.0f}"
            lines.append([info["contestant"], " ".join(marks), after])
    headers = ["engine", "MiB after 0, 1000, 2000, … examples", "after the cell"]
    return _table(lines, headers)


def _table(lines: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    if not lines:
        return ""
    return tabulate(lines, headers, tablefmt="github", disable_numparse=True)


def batch_table(benchmarks: Sequence[Benchmark]) -> str:
    """Milliseconds an example that each batch size took lm-evaluation-harness, on a part of them."""
    lines = []
    for benchmark in benchmarks:
        tried = benchmark["extra_info"].get("batch_sizes")
        if tried:
            sizes = ", ".join(f"{size}: {1000 * seconds:.0f}" for size, seconds in tried.items())
            lines.append([benchmark["group"], benchmark["extra_info"]["contestant"], sizes])
    return _table(lines, ["work", "reference", "ms an example by batch size"])


def machine_line(output: Mapping[str, Any]) -> str:
    """When, on what and with which versions it was measured."""
    machine, commit = output["machine_info"], output["commit_info"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    changed = " with changes" if commit.get("dirty") else ""
    return (
        f"{output['datetime'][:10]}, {machine['cpu'].get('brand_raw', machine['processor'])}, "
        f"{machine['threads']} threads; commit {str(commit.get('id'))[:7]}{changed}; {versions}."
    )


def markdown(output: Mapping[str, Any]) -> str:
    """All tables of a run of `make bench`, from pytest-benchmark's JSON."""
    from tests.benchmarks.coverage_tables import coverage_tables
    from tests.benchmarks.targets import BENCH, MEMORY, PREFILL_ROWS, ROWS, SHOTS

    benchmarks = output["benchmarks"]
    parts = [
        machine_line(output),
        ratio_table(ROWS, benchmarks),
        ceiling_table(PREFILL_ROWS, BENCH, benchmarks),
        shots_table(benchmarks, SHOTS),
        memory_table(benchmarks, MEMORY),
        batch_table(benchmarks),
        *coverage_tables(benchmarks),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown(json.loads(Path(sys.argv[1]).read_text())))
