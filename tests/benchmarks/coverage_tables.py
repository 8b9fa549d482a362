"""The tables of docs/statistics.md, from what tests/benchmarks/test_coverage.py kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

Benchmark = Mapping[str, Any]
COVERAGE, UNCHANGED, RECOMMENDED = "coverage", "gates, unchanged", "gates, as recommended"
LOST = {0: "nothing", 1: "just what is allowed", 2: "twice what is allowed"}


def coverage_tables(benchmarks: Sequence[Benchmark]) -> list[str]:
    """How often intervals held the truth, and what gates said. Empty where none was run."""
    infos = {
        group: [one["extra_info"] for one in benchmarks if one["group"] == group]
        for group in (COVERAGE, UNCHANGED, RECOMMENDED)
    }
    return [
        _coverage(infos[COVERAGE]),
        _outcomes(infos[UNCHANGED], ("metric", "rule", "limit", "n")),
        _outcomes(infos[RECOMMENDED], ("metric", "limit", "pilot", "times"), recommended=True),
    ]


def _coverage(infos: Sequence[Mapping[str, Any]]) -> str:
    numbers = sorted({info["n"] for info in infos})
    names = list(dict.fromkeys(name for info in infos for name in info["coverage"]))
    shares = {(name, info["n"]): one for info in infos for name, one in info["coverage"].items()}
    lines = [[name, *(_share(shares.get((name, n))) for n in numbers)] for name in names]
    return _table(lines, ["95% interval", *(f"n = {n:,}" for n in numbers)])


def _share(found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    none = f" (none in {found['none']:.1%})" if found["none"] else ""
    return f"{found['share']:.1%}{none}"


def _outcomes(
    infos: Sequence[Mapping[str, Any]], asked: tuple[str, ...], recommended: bool = False
) -> str:
    lines = []
    for info in infos:
        line = [_plain(key, info[key]) for key in asked]
        line += [f"{info['outcomes'][outcome]:.1%}" for outcome in ("met", "undecided", "not met")]
        lines.append([*line, f"{info['recommended']:,}"] if recommended else line)
    headers = [*asked, "met", "undecided", "not met"]
    if recommended:
        headers[-4] = "lost"
        headers.append("recommended n (median)")
    return _table(lines, headers)


def _plain(key: str, value: Any) -> str:
    return LOST[value] if key == "times" else str(value)


def _table(lines: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    if not lines:
        return ""
    return tabulate(lines, headers, tablefmt="github", disable_numparse=True)
