"""How the figures were made, so that someone else can make them again."""

from __future__ import annotations

import json
from typing import Any

from harness.records import ModelSummary, Summary, TaskSummary, Value
from harness.report.blocks import Block, Code, Column, Datum, Fold, Heading, Prose, Row, Table
from harness.report.format import (
    DASH,
    clean_lines,
    count,
    duration,
    fixed,
    moment,
    share,
    si_bytes,
)
from harness.report.measures import figure
from harness.report.tables import MODEL, name, size

HASH_LENGTH = 12


def making_blocks(summary: Summary) -> list[Block]:
    """Models, parity, tasks, cells, software, machine, suite and commands."""
    blocks: list[Block] = []
    if summary.commands:
        commands = "\n".join(c for c in summary.commands)
        blocks += [Heading("To make it again"), Code(commands, "sh")]
    if summary.models:
        blocks += [Heading("Models"), models(summary), *parity(summary)]
    if summary.tasks:
        blocks += [Heading("Tasks"), tasks(summary), *prompts(summary)]
    blocks += [Heading("Machine, software and suite"), *environment(summary)]
    if summary.cells:
        blocks.append(Fold("Every cell: time, engine, prompts", (cells(summary),)))
    text = str(summary.suite.get("text", ""))
    if text:
        blocks.append(Fold("The suite file", (Code(clean_lines(text), "yaml"),)))
    return blocks


def short(digest: str) -> Datum:
    """The beginning of a hash."""
    text = digest[:HASH_LENGTH]
    return Datum(text, name=True) if text else Datum(DASH, tone="missing")


def models(summary: Summary) -> Table:
    """Where each model comes from and what it is."""
    columns = (
        MODEL,
        Column("Made by", numeric=False),
        Column("Engine", numeric=False),
        Column("Parameters"),
        Column("Size on disk"),
        Column("Bits per weight"),
        Column("Key", numeric=False),
    )
    rows = tuple(_model(model, of) for model, of in summary.models.items())
    note = "A key is a hash of everything that a model was made from; a name is never a key."
    return Table("Where each model comes from", columns, rows, ((note,),))


def _model(model: str, of: ModelSummary) -> Row:
    bits = DASH if of.bits_per_weight is None else fixed(of.bits_per_weight, 2)
    made = " → ".join(step for step in of.lineage) + (" (synthetic)" if of.synthetic else "")
    return Row(
        (
            name(model),
            Datum(made),
            Datum(of.engine),
            Datum(count(of.parameters)),
            size(of.bytes),
            Datum(bits),
            short(of.key),
        )
    )


def parity(summary: Summary) -> list[Block]:
    """What conversion to GGUF did to each model, before any quantization."""
    heads = ("Prompts", "Tokens", "Same token ids", "Largest log-probability difference")
    columns = (
        MODEL,
        Column("held against", numeric=False),
        *(Column(h, "nats" if "log" in h else "") for h in heads),
        Column("Mean KL divergence", "nats"),
        Column("Same first choice"),
        Column("Parity", numeric=False),
    )
    rows = tuple(
        Row(
            (
                name(model),
                Datum(of.against),
                Datum(count(of.prompts)),
                Datum(count(of.tokens)),
                Datum(share(of.same_tokens)),
                Datum(f"{of.max_logprob_difference:.4f}"),
                Datum(figure("kl_mean", Value(value=of.mean_kl)).text),
                Datum(share(of.top1_agreement)),
                Datum(
                    "✓ passed" if of.passed else "✗ failed",
                    of.reason,
                    "good" if of.passed else "bad",
                ),
            )
        )
        for model, summary_of in summary.models.items()
        if (of := summary_of.parity) is not None
    )
    if not rows:
        return []
    said = (
        "Before a converted model is measured, it is held against the weights that it was "
        "made from: the same ids from both tokenizers, log-probabilities within a limit."
    )
    table = Table("Each converted model against its weights", columns, rows)
    return [Heading("Parity of conversion"), Prose((said,)), table]


def tasks(summary: Summary) -> Table:
    """What each task asks, of what data, and how."""
    texts = ("Task", "Type", "Data", "Drawn", "Settings", "Prompt hash")
    rows = tuple(
        Row(
            (
                name(task),
                Datum(of.type),
                Datum(of.dataset or DASH, "synthetic" if of.synthetic and of.dataset else ""),
                Datum(drawn(of) or DASH),
                Datum(settings(of.settings) or DASH),
                Datum(", ".join(f"{r}: {h[:HASH_LENGTH]}" for r, h in of.prompts.items()) or DASH),
            )
        )
        for task, of in summary.tasks.items()
    )
    note = "One prompt hash for a lineage: all of its models were asked the very same token ids."
    return Table("What was asked", tuple(Column(t, numeric=False) for t in texts), rows, ((note,),))


def drawn(of: TaskSummary) -> str:
    """How many examples were used, of how many, and how they were chosen."""
    if of.n is None:
        return ""
    if of.type == "speed":
        return f"{count(of.n)} repetitions"
    text = f"{count(of.n)} of {count(of.available)} examples" if of.available else count(of.n)
    if of.seed is not None and of.available != of.n:
        text += f", seed {of.seed}"
    return text + (f", {of.shots} shots" if of.shots else "")


def settings(of: dict[str, Any]) -> str:
    """Settings as a short list."""
    return ", ".join(f"{key} = {plain_value(value)}" for key, value in of.items())


def plain_value(value: Any) -> str:
    """A setting as a reader would write it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def prompts(summary: Summary) -> list[Block]:
    """One prompt of each task, as the models see it."""
    shown = [(task, of.example_prompt) for task, of in summary.tasks.items() if of.example_prompt]
    return [Fold(f"A prompt of {task}", (Code(clean_lines(text)[:4000]),)) for task, text in shown]


def environment(summary: Summary) -> list[Block]:
    """The machine, the versions, and the suite's identity, as one table each."""
    facts = {k: v for k, v in summary.suite.items() if k != "text"}
    groups = (
        ("Suite", {**facts, "made": moment(summary.created), "took": duration(summary.seconds)}),
        ("Machine", summary.machine),
        ("Software", dict(summary.software)),
    )
    columns = (Column("What", numeric=False), Column("Value", numeric=False))
    return [
        Table(
            title,
            columns,
            tuple(Row((Datum(_words(str(k))), Datum(_fact(str(k), v)))) for k, v in of.items()),
        )
        for title, of in groups
        if of
    ]


def _words(key: str) -> str:
    return key.removesuffix("_bytes").replace("_", " ")


def _fact(key: str, value: Any) -> str:
    if key.endswith("bytes") and isinstance(value, int | float):
        return si_bytes(value)
    return settings(value) if isinstance(value, dict) else plain_value(value)


def cells(summary: Summary) -> Table:
    """Each cell: how long it took and what answered."""
    columns = (
        MODEL,
        Column("Task", numeric=False),
        Column("Status", numeric=False),
        Column("n"),
        Column("Asking"),
        Column("Loading"),
        Column("Engine", numeric=False),
        Column("Memory and disk", numeric=False),
        Column("Prompts", numeric=False),
        Column("Key", numeric=False),
    )
    rows = tuple(
        Row(
            (
                name(c.model),
                name(c.task),
                Datum("✓ ok", tone="good") if c.status == "ok" else Datum("✗ failed", tone="bad"),
                Datum(count(c.n)),
                Datum(duration(c.seconds)),
                Datum(duration(c.load_seconds)),
                Datum(settings(c.engine) or DASH),
                Datum(
                    ", ".join(f"{_words(k)} {si_bytes(v)}" for k, v in c.footprint.items()) or DASH
                ),
                short(c.prompts),
                short(c.key),
            )
        )
        for c in summary.cells
    )
    return Table("Every cell", columns, rows)
