"""What was run, on what, and how to run it again."""

from __future__ import annotations

from harness.assignment.source import Source
from harness.quantities import byte_size
from harness.reporting.blocks import (
    Block,
    Bullets,
    Code,
    Column,
    Fields,
    Line,
    Name,
    Prose,
    table,
)
from harness.reporting.facts import HASH_LENGTH, plain_value
from harness.reporting.format import DASH, clean_lines, count, sentence
from harness.reporting.lineage import lineage_words
from harness.reporting.reproduction import drawn
from harness.reporting.tables import MODEL, bits, name, size

MOST_MODELS = 9
MOST_LINES = 42
"""Of the suite's file; a longer one is told by its hash, so that the report keeps to its pages."""
MOST_WIDE = 96


def models(source: Source) -> list[Block]:
    """Where each model comes from, and how large it is."""
    of_all = source.main.models
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "Made by": lineage_words(of.lineage) + " (synthetic)" * of.synthetic,
            "Engine": of.engine,
            Column("Parameters"): count(of.parameters),
            Column("Size on disk"): size(of.bytes),
            Column("Bits per weight"): bits(of) or DASH,
        }
        for model, of in list(of_all.items())[:MOST_MODELS]
    ]
    return [table("Models", rows, more(len(of_all), "models"))] if rows else []


def more(number: int, noun: str, most: int = MOST_MODELS) -> list[Line]:
    """That a table is cut, where it is."""
    said = f"{number - most} more {noun} stand in the full report."
    return [(said,)] if number > most else []


def tasks(source: Source) -> list[Block]:
    """What the models were asked."""
    found = source.main.tasks.items()
    lines: list[Line] = []
    for task, of in found:
        what = sentence(of.description[:1].upper() + of.description[1:])
        data = f" Data: {of.dataset}, {drawn(of)}." if of.dataset and of.n else ""
        lines.append((Name(task), f" ({of.type}): {what}{data}"))
    return [Bullets(tuple(lines))] if lines else []


def machine(source: Source) -> list[Block]:
    """The machine, in a sentence."""
    of = source.summary.machine
    cores, memory = of.get("cores"), of.get("memory_bytes")
    graphics = of.get("gpus")
    parts = [
        plain_value(of["processor"]) if of.get("processor") else "",
        f"{cores} cores" if cores else "",
        f"{byte_size(memory)} of memory" if isinstance(memory, int | float) else "",
        plain_value(of["system"]) if of.get("system") else "",
        "no GPU" if graphics == [] else f"GPU: {plain_value(graphics)}" if graphics else "",
    ]
    said = ", ".join(filter(None, parts))
    return [Prose((sentence(said),))] if said else []


def software(source: Source) -> list[Block]:
    """Versions, in a sentence."""
    said = ", ".join(f"{package} {version}" for package, version in source.summary.software.items())
    return [Prose((sentence(said),))] if said else []


def commands(source: Source) -> list[Block]:
    """The commands that make the results again."""
    text = "\n".join(clean_lines(command) for command in source.summary.commands)
    return [Code(text, "sh")] if text else []


def suite_file(source: Source) -> list[Block]:
    """The suite; of a long one its name and hash."""
    suite = source.summary.suite
    lines = clean_lines(str(suite.get("text", ""))).split("\n")
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    named: Line = (
        "Suite ",
        Name(str(suite.get("file", ""))),
        f", SHA-256 {str(suite.get('sha256', ''))[:HASH_LENGTH]}…; lines that are comments are left out.",
    )
    if not lines:
        return []
    rows = sum(1 + len(line) // MOST_WIDE for line in lines)
    if rows > MOST_LINES:
        said = f" Its {len(lines)} lines are in the full report."
        return [Prose((*named[:-1], named[-1].partition(";")[0], ".", said))]
    return [Prose(named), Code("\n".join(lines), "yaml")]
