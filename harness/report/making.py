"""How the figures were made, so that someone else can make them again."""

from __future__ import annotations

from harness.records import ModelSummary, Summary, Value
from harness.report.asked import cells, prompts, tasks
from harness.report.blocks import Block, Code, Column, Datum, Fold, Heading, Prose, Row, Table
from harness.report.facts import fact, key_words, short
from harness.report.format import (
    DASH,
    clean_lines,
    count,
    duration,
    fixed,
    moment,
    share,
)
from harness.report.measures import figure
from harness.report.tables import MODEL, name, size


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
            tuple(Row((Datum(key_words(str(k))), Datum(fact(str(k), v)))) for k, v in of.items()),
        )
        for title, of in groups
        if of
    ]
