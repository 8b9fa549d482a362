"""The tables of docs/statistics.md, from what tests/benchmarks/test_coverage.py kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

Benchmark = Mapping[str, Any]
COVERAGE, WIDE, POWER = "coverage", "coverage, wide worlds", "power"
UNCHANGED, RECOMMENDED = "gates, unchanged", "gates, as recommended"
LOST = {0: "nothing", 1: "just what is allowed", 2: "twice what is allowed"}


def coverage_tables(benchmarks: Sequence[Benchmark]) -> list[str]:
    """How often intervals held the truth, and what gates said. Empty where none was run."""
    infos = {
        group: [one["extra_info"] for one in benchmarks if one["group"] == group]
        for group in (COVERAGE, WIDE, POWER, UNCHANGED, RECOMMENDED)
    }
    return [
        _coverage(infos[COVERAGE]),
        _coverage(infos[WIDE]),
        _power(infos[POWER]),
        _unchanged(infos[UNCHANGED]),
        _recommended(infos[RECOMMENDED]),
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
    marked = f" ≈ {found['marked']:.0%}" if found["marked"] >= 0.005 else ""
    return f"{found['share']:.1%}{none}{marked}"


def _power(infos: Sequence[Mapping[str, Any]]) -> str:
    """How often a difference as large as was said is shown, by what else changes."""
    rows = {(info["n"], info["flips"], info["candidates"]): info for info in infos}
    lines = [
        [
            f"{n:,}",
            flips,
            f"{candidates}",
            f"{info['least']:.4f}",
            *(f"{share:.0%}" for share in info["shown"].values()),
        ]
        for (n, flips, candidates), info in rows.items()
    ]
    kinds = list(infos[0]["shown"]) if infos else []
    headers = ["n", "flips seen", "candidates", "detectable", *(f"shown: {kind}" for kind in kinds)]
    return _table(lines, headers)


def _unchanged(infos: Sequence[Mapping[str, Any]]) -> str:
    """Shares of "not met" and of "met", for each gate and n."""
    numbers = sorted({info["n"] for info in infos})
    found = {
        (f"{info['metric']}, {gate}", info["n"]): outcomes
        for info in infos
        for gate, outcomes in info["outcomes"].items()
    }
    gates = dict.fromkeys(gate for gate, _ in found)
    lines = [
        [gate, *(f"{found[gate, n]['not met']:.1%}, {found[gate, n]['met']:.0%}" for n in numbers)]
        for gate in gates
    ]
    return _table(lines, ["not met, met", *(f"n = {n:,}" for n in numbers)])


def _recommended(infos: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        [
            info["gate"],
            f"{info['pilot']}",
            LOST[info["times"]],
            f"{info['recommended']:,}" if info["recommended"] else "",
            *(f"{info['outcomes'][outcome]:.1%}" for outcome in ("met", "undecided", "not met")),
        ]
        for info in infos
    ]
    headers = ["gate", "first n", "lost", "recommended n", "met", "undecided", "not met"]
    return _table(lines, headers)


def _table(lines: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    if not lines:
        return ""
    return tabulate(lines, headers, tablefmt="github", disable_numparse=True)
