"""`harness data`: which data sets there are, where they lie, whether they are what they should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.console import Console

from harness.cli.consoles import plain_console
from harness.cli.outputs import hand_over_json
from harness.data.inventory import ListedDataset, ShownExamples
from harness.data.readings import Reading
from harness.plan.graph import Plan
from harness.quantities import plural
from harness.records import DataReading
from harness.reporting.data import warnings


def say_list(found: Sequence[ListedDataset], as_json: bool) -> int:
    """Every data set that a suite can name. Returns the exit code."""
    if as_json:
        hand_over_json([dataclasses.asdict(entry) for entry in found], indent=2)
        return 0
    out = plain_console()
    for entry in found:
        where = entry.where if entry.where == "embedded" else f"{entry.where} {entry.path}".strip()
        out.print(f"{entry.name} ({entry.kind}, {entry.licence}; {where})\n  {entry.description}")
        _print_options(entry, out)
    out.print("harness data get NAME fetches one that is absent; show NAME shows examples of it.")
    return 0


def say_reading(reading: Reading, as_json: bool) -> int:
    """What was found in a data set. Returns the exit code: 1 where it complains."""
    if as_json:
        hand_over_json(reading.as_dict(), indent=2)
    else:
        _print_reading(reading, plain_console())
    return 0 if reading.ok else 1


def read_data(plan: Plan) -> list[tuple[list[str], DataReading]]:
    """What was read of each data set of a suite, with the tasks or models that use it."""
    found: dict[str, tuple[list[str], DataReading]] = {}
    used = [*plan.readings.items()]
    used += [(model, reading) for model, of in plan.learned.items() for reading in of]
    for name, reading in used:
        found.setdefault(reading.model_dump_json(), ([], reading))[0].append(name)
    return list(found.values())


def say_suite(plan: Plan, absent: Sequence[str], as_json: bool) -> int:
    """What was read of all data of a suite. Returns the exit code: 1 where something looks wrong."""
    found = read_data(plan)
    doubtful = any(True for names, reading in found for _ in warnings({names[0]: reading}))
    if as_json:
        data = [{"used_by": names, **reading.model_dump()} for names, reading in found]
        hand_over_json({"data": data, "absent": list(absent)}, indent=2)
        return int(doubtful)
    out = plain_console()
    for names, reading in found:
        out.print(f"{reading.name} ({', '.join(names)})")
        out.print(f"  files: {', '.join(reading.files)}")
        out.print(f"  read: {', '.join(f'{part} {rows:,}' for part, rows in reading.read.items())}")
        for one in reading.left_out:
            out.print(f"  left out: {one.rows:,}: {one.reason} ({', '.join(one.places[:3])})")
        for part, rows in reading.parts.items():
            labels = ", ".join(
                f"{label} {n:,}" for label, n in reading.labels.get(part, {}).items()
            )
            out.print(f"  {part}: {plural(rows, 'row')}{f' ({labels})' if labels else ''}")
        for note in reading.notes:
            out.print(f"  note: {note}")
        for _, warning in warnings({names[0]: reading}):
            out.print(f"  warning: {warning}")
    for name in absent:
        out.print(f"{name}: not on this machine yet; `harness run` downloads it")
    return int(doubtful)


def say_examples(shown: ShownExamples, as_json: bool) -> int:
    """Examples, with licence and citation. Returns the exit code."""
    if as_json:
        hand_over_json({**dataclasses.asdict(shown), "reading": shown.reading.as_dict()})
        return 0
    out, entry = plain_console(), shown.entry
    out.print(f"{entry.name}: {entry.description}")
    out.print(f"  licence: {entry.licence}")
    if entry.citation:
        out.print(f"  citation: {entry.citation}")
    _print_options(entry, out)
    out.print(f"\n{len(shown.examples)} of {shown.available:,} examples of {shown.split}:")
    for example in shown.examples:
        out.print(f"\n[{example.id}]\n{example.text}\n→ {example.target}")
    return 0


def _print_options(entry: ListedDataset, out: Console) -> None:
    for option, values in entry.options.items():
        out.print(f"  {option}: {', '.join(values)}")


def _print_reading(reading: Reading, out: Console) -> None:
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
