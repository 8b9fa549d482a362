"""How the figures were made, so that someone else can make them again."""

from __future__ import annotations

from typing import Any

from harness.quantities import byte_size
from harness.records import Cell, Permission, Summary, TaskSummary
from harness.reporting.blocks import (
    Block,
    Code,
    Column,
    Datum,
    Fields,
    Fold,
    Heading,
    Line,
    Name,
    Strong,
    Table,
    listed,
    table,
)
from harness.reporting.facts import HASH_LENGTH, fact, key_words, settings, short
from harness.reporting.format import DASH, clean_lines, count, duration, moment
from harness.reporting.lineage import lineage_words
from harness.reporting.tables import MODEL, bits, name, size
from harness.suite.schema import TASK_TYPES

SHOWN_ELSEWHERE = {"type", "dataset", "shots", "reference", "seed", "limit", "text"}
STATUSES = {"ok": Datum("✓ ok", tone="good"), "failed": Datum("✗ failed", tone="bad")}


def reproduction_blocks(summary: Summary) -> list[Block]:
    """Models, tasks, cells, software, machine, suite and commands."""
    blocks: list[Block] = [Heading("Install and run"), Code("\n".join(commands(summary)), "sh")]
    if summary.models:
        blocks += [Heading("Models"), models(summary)]
    if summary.tasks:
        blocks += [Heading("Tasks"), tasks(summary), *prompts(summary)]
    blocks.append(environment(summary))
    if summary.cells:
        blocks.append(Fold("Every cell: time, engine, prompts", (cells(summary),)))
    text = str(summary.suite.get("text", ""))
    if text:
        blocks.append(Fold("The suite file", (Code(clean_lines(text), "yaml"),)))
    return blocks


def commands(summary: Summary) -> list[str]:
    """What installs the harness in its checkout, and what was run."""
    commit = summary.software.get("commit", "")
    return [f"git checkout {commit}"] * bool(commit) + [
        "pip install -c constraints.txt .",
        *summary.commands,
    ]


def models(summary: Summary) -> Table:
    """A table of where each model comes from and what it is."""
    rows: list[Fields] = [
        {
            MODEL: name(model),
            Column("Made by", numeric=False, term="type"): lineage_words(of.lineage)
            + " (synthetic)" * of.synthetic
            + (f" (repeats {of.replica_of} with another seed)" if of.replica_of else ""),
            "Engine": of.engine,
            Column("Parameters"): count(of.parameters),
            Column("Size on disk"): size(of.bytes),
            Column("Bits per weight", term="bits"): bits(of) or DASH,
            "Key": short(of.key),
        }
        for model, of in summary.models.items()
    ]
    note = "A key is a hash of everything that a model was made from; a name is never a key."
    return table("Where each model comes from", rows, [(note,)])


def allowed(summary: Summary) -> list[Line]:
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


def tasks(summary: Summary) -> Table:
    """What each task asks, of what data, and how."""
    rows: list[Fields] = [
        {
            "Task": name(task),
            "Type": of.type,
            "Data": Datum(of.dataset or DASH, "synthetic" if of.synthetic and of.dataset else ""),
            "Drawn": drawn(of) or DASH,
            "Settings": settings({k: v for k, v in of.settings.items() if k not in SHOWN_ELSEWHERE})
            or DASH,
            "Prompt hash": ", ".join(f"{r}: {h[:HASH_LENGTH]}" for r, h in of.prompts.items())
            or DASH,
        }
        for task, of in summary.tasks.items()
    ]
    note = "One prompt hash for a lineage: all of its models were asked the very same token ids."
    said = [
        (Strong(f"{task}:"), f" {text}") for task, of in summary.tasks.items() for text in of.notes
    ]
    return table("What was asked", rows, [(note,), *said])


def drawn(of: TaskSummary) -> str:
    """How many examples were used, of how many, and how they were chosen."""
    if of.n is None:
        return ""
    type_ = TASK_TYPES[of.type]
    if type_.timed:
        return f"{count(of.n)} {type_.noun}"
    if not type_.drawn:
        rest = f" of {count(of.available)}" if of.available != of.n else ""
        return f"{count(of.n)}{rest} {type_.noun} of one's own"
    text = f"{count(of.n)} of {count(of.available)} {type_.noun}" if of.available else count(of.n)
    if of.seed is not None and of.available != of.n:
        text += f", seed {of.seed}"
    return text + (f", {of.shots} shots" if of.shots else "")


def prompts(summary: Summary) -> list[Block]:
    """One prompt of each task, as the models see it."""
    shown = [(task, of.example_prompt) for task, of in summary.tasks.items() if of.example_prompt]
    return [Fold(f"A prompt of {task}", (Code(clean_lines(text)[:4000]),)) for task, text in shown]


def cells(summary: Summary) -> Table:
    """Each cell: how long it took and what answered; what all cells of an engine share is said once."""
    shared = {
        engine: _shared(summary, engine) for engine in dict.fromkeys(map(_engine, summary.cells))
    }
    rows: list[Fields] = [
        {
            MODEL: name(c.model),
            "Task": name(c.task),
            "Status": STATUSES[c.status],
            Column("n"): count(c.n),
            Column("Asking"): duration(c.seconds),
            Column("Loading"): duration(c.load_seconds),
            "Engine": Datum(_engine(c) or DASH, settings(_own(c.engine, shared[_engine(c)]))),
            "Memory and disk": ", ".join(
                f"{key_words(key)} {byte_size(value)}"
                for key, value in c.footprint.items()
                if value
            )
            or DASH,
            "Prompts": short(c.prompts),
            "Key": short(c.key),
        }
        for c in summary.cells
    ]
    notes: list[Line] = [
        ("Each cell of ", Name(engine), f": {settings(of)}.") for engine, of in shared.items() if of
    ]
    return table("Every cell", rows, notes)


def _engine(cell: Cell) -> str:
    return str(cell.engine.get("engine", ""))


def _shared(summary: Summary, engine: str) -> dict[str, Any]:
    """What every cell that this engine answered was set to."""
    first, *rest = [cell.engine for cell in summary.cells if _engine(cell) == engine]
    return {
        key: value
        for key, value in first.items()
        if key != "engine" and all(key in of and of[key] == value for of in rest)
    }


def _own(of: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in of.items() if key != "engine" and key not in shared}


def environment(summary: Summary) -> Table:
    """The suite's identity, the machine and the versions."""
    suite = {k: v for k, v in summary.suite.items() if k not in ("text", "spec")}
    when = {"made": moment(summary.created), "took": duration(summary.seconds)}
    facts = [*suite.items(), *when.items(), *summary.machine.items()]
    rows: list[Fields] = [
        {"What": key_words(str(key)), "Value": fact(str(key), value)} for key, value in facts
    ]
    software = ", ".join(f"{name} {version}" for name, version in summary.software.items())
    rows += [{"What": "software", "Value": software}] if software else []
    return table("Suite, machine and software", rows)
