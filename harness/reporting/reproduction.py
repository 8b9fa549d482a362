"""How the figures were made, so that someone else can make them again."""

from __future__ import annotations

from harness.records import Permission, Summary
from harness.reporting.asked import cells, prompts, tasks
from harness.reporting.blocks import (
    Block,
    Code,
    Column,
    Fields,
    Fold,
    Heading,
    Line,
    Name,
    Table,
    table,
)
from harness.reporting.claims import listed
from harness.reporting.facts import fact, key_words, short
from harness.reporting.format import DASH, clean_lines, count, duration, moment
from harness.reporting.lineage import lineage_words
from harness.reporting.tables import MODEL, bits, name, size


def reproduction_blocks(summary: Summary) -> list[Block]:
    """Models, tasks, cells, software, machine, suite and commands."""
    blocks: list[Block] = []
    if summary.commands:
        commands = "\n".join(c for c in summary.commands)
        blocks += [Heading("To make it again"), Code(commands, "sh")]
    if summary.models:
        blocks += [Heading("Models"), models(summary)]
    if summary.tasks:
        blocks += [Heading("Tasks"), tasks(summary), *prompts(summary)]
    blocks += [Heading("Machine, software and suite"), *environment(summary)]
    if summary.cells:
        blocks.append(Fold("Every cell: time, engine, prompts", (cells(summary),)))
    text = str(summary.suite.get("text", ""))
    if text:
        blocks.append(Fold("The suite file", (Code(clean_lines(text), "yaml"),)))
    return blocks


def models(summary: Summary) -> Table:
    """A table of where each model comes from and what it is."""
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "Made by": lineage_words(of.lineage)
            + " (synthetic)" * of.synthetic
            + (f" (repeats {of.replica_of} with another seed)" if of.replica_of else ""),
            "Engine": of.engine,
            Column("Parameters"): count(of.parameters),
            Column("Size on disk"): size(of.bytes),
            Column("Bits per weight"): bits(of) or DASH,
            "Key": short(of.key),
        }
        for model, of in summary.models.items()
    ]
    note = "A key is a hash of everything that a model was made from; a name is never a key."
    return table("Where each model comes from", rows, [(note,), *_allowed(summary)])


def _allowed(summary: Summary) -> list[Line]:
    """What the suite allowed of models' files, and which models descend from these."""
    models: dict[Permission, list[str]] = {}
    for model, of in summary.models.items():
        for permission in of.permissions:
            models.setdefault(permission, []).append(model)
    said = {
        "code": (" ran code that came with it", "trust_remote_code"),
        "pickle": (" was read from a pickle", "pickle"),
    }
    lines: list[Line] = []
    for permission, descended in models.items():
        did, key = said[permission.allows]
        what = f"{did}, as the suite allows (`{key}: true`); this concerns "
        lines.append((Name(permission.model), what, *listed(descended), "."))
    return lines


def environment(summary: Summary) -> list[Block]:
    """The machine, the versions, and the suite's identity, as one table each."""
    facts = {k: v for k, v in summary.suite.items() if k != "text"}
    groups = (
        ("Suite", {**facts, "made": moment(summary.created), "took": duration(summary.seconds)}),
        ("Machine", summary.machine),
        ("Software", dict(summary.software)),
    )
    return [
        table(title, ({"What": key_words(str(k)), "Value": fact(str(k), v)} for k, v in of.items()))
        for title, of in groups
        if of
    ]
