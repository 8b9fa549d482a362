"""The figures of parity: conversions and merges, each against what it was made from."""

from __future__ import annotations

from harness.records import Parity, Summary, Value
from harness.report.blocks import Block, Column, Datum, Fold, Prose, Row, Table
from harness.report.format import DASH, count, fixed, share
from harness.report.measures import figure

SAID = (
    "Before a model is measured that was converted to GGUF, or whose adapter was merged, it is held "
    "against what it was made from, on the suite's own prompts: the same ids from both tokenizers, "
    "and log-probabilities that differ by no more than rounding. The largest and the mean difference "
    "are of log-probabilities, over every position and every piece that either model gives a probability of at least "
    "0.0001."
)


def parity_blocks(summary: Summary) -> list[Block]:
    """A folded table; nothing where nothing was converted or merged."""
    found: dict[tuple[str, str], tuple[Parity, list[str]]] = {}
    for model, of in summary.models.items():
        for kind, parity in (("conversion", of.parity), ("merge", of.merge_parity)):
            if parity is not None:
                found.setdefault((kind, parity.model_dump_json()), (parity, []))[1].append(model)
    if not found:
        return []
    columns = (
        Column("Models", numeric=False),
        Column("What", "and against what", numeric=False),
        Column("Prompts", "/ tokens"),
        Column("Same token ids"),
        Column("Largest difference", "nats"),
        Column("Mean difference", "nats"),
        Column("Mean KL divergence", "nats"),
        Column("Same first choice"),
        Column("Outcome", numeric=False),
    )
    rows = tuple(_row(kind, parity, models) for (kind, _), (parity, models) in found.items())
    title = "Parity of conversions and merges in figures"
    return [Fold(title, (Prose((SAID,)), Table(title, columns, rows)))]


def _row(kind: str, of: Parity, models: list[str]) -> Row:
    return Row(
        (
            Datum(", ".join(models), name=True),
            Datum(kind, f"against {of.against}"),
            Datum(count(of.prompts), f"/ {count(of.tokens)}"),
            Datum(share(of.same_tokens)),
            Datum(fixed(of.max_logprob_difference, 4)),
            Datum(fixed(of.mean_logprob_difference, 6) if of.mean_logprob_difference else DASH),
            Datum(figure("kl_mean", Value(value=of.mean_kl)).text),
            Datum(share(of.top1_agreement)),
            Datum("✓ passed", of.reason, "good")
            if of.passed
            else Datum("✗ failed", of.reason, "bad"),
        )
    )
