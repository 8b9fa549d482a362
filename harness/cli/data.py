"""`harness data`: which data sets there are, where they lie, whether they are what they should be."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from rich.console import Console

from harness.data.inventory import (
    ListedDataset,
    ShownExamples,
    get_data,
    list_data,
    show_data,
)
from harness.data.loading import load
from harness.data.readings import Reading

DataOptions = dict[str, object]


def list_all(data_dir: Path | None, as_json: bool) -> int:
    """Every data set that a suite can name. Returns the exit code."""
    found = list_data(data_dir)
    if as_json:
        print(json.dumps([dataclasses.asdict(entry) for entry in found], indent=2))
        return 0
    out = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    for entry in found:
        where = entry.where if entry.where == "embedded" else f"{entry.where} {entry.path}".strip()
        out.print(f"{entry.name} ({entry.kind}, {entry.licence}; {where})\n  {entry.description}")
        for option, values in entry.options.items():
            out.print(f"  {option}: {', '.join(values)}")
    print("harness data get NAME fetches one that is absent; show NAME shows examples of it.")
    return 0


def get(name: str, options: DataOptions, again: bool, as_json: bool) -> int:
    """Fetches and checks a data set. Returns the exit code."""
    return _say(get_data(name, options, again=again), as_json)


def check(name: str, data_dir: Path | None, options: DataOptions, as_json: bool) -> int:
    """Reads a data set and says what was found. Returns the exit code: 1 where it complains."""
    return _say(load(name, data_dir, options, may_fetch=False).reading, as_json)


def show(
    name: str,
    data_dir: Path | None,
    options: DataOptions,
    split: str,
    count: int,
    seed: int,
    as_json: bool,
) -> int:
    """Shows examples, with licence and citation. Returns the exit code."""
    shown = show_data(name, data_dir, options, split, count, seed)
    if as_json:
        print(json.dumps({**dataclasses.asdict(shown), "reading": shown.reading.as_dict()}))
        return 0
    _print_entry(shown.entry)
    _print_examples(shown)
    return 0


def _say(reading: Reading, as_json: bool) -> int:
    if as_json:
        print(json.dumps(reading.as_dict(), indent=2))
    else:
        _print_reading(reading)
    return 0 if reading.ok else 1


def _print_reading(reading: Reading) -> None:
    out = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    chosen = ", ".join(f"{key}: {value}" for key, value in reading.options.items())
    out.print(f"{reading.dataset}{f' ({chosen})' if chosen else ''}")
    for source in reading.sources:
        pin = {"matches": ", a known copy", "differs": ", not a copy known here"}.get(
            source.pin, ""
        )
        out.print(f"  file: {source.path} (SHA-256 {source.sha256[:16]}…{pin})")
    rows = ", ".join(f"{part} {count:,}" for part, count in reading.read.items())
    out.print(f"  read: {rows}")
    for dropped in reading.dropped:
        out.print(
            f"  left out: {dropped.rows:,}: {dropped.reason} ({', '.join(dropped.places[:3])})"
        )
    for split in reading.splits:
        labels = ", ".join(f"{label} {share:.1%}" for label, share in split.shares().items())
        text = f"  {split.name}: {split.rows:,} rows{f' ({labels})' if labels else ''}"
        out.print(f"{text}, SHA-256 {split.sha256[:16]}…")
    for note in reading.notes:
        out.print(f"  note: {note}")
    for complaint in reading.complaints:
        out.print(f"  differs: {complaint}")
    if reading.ok:
        out.print("  as published")


def _print_entry(entry: ListedDataset) -> None:
    out = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    out.print(f"{entry.name}: {entry.description}")
    out.print(f"  licence: {entry.licence}")
    if entry.citation:
        out.print(f"  citation: {entry.citation}")
    for option, values in entry.options.items():
        out.print(f"  {option}: {', '.join(values)}")


def _print_examples(shown: ShownExamples) -> None:
    out = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    out.print(f"\n{len(shown.examples)} of {shown.available:,} examples of {shown.split}:")
    for example in shown.examples:
        out.print(f"\n[{example.id}]\n{example.text}\n→ {example.target}")
