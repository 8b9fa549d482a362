"""Made-up differences, and what is said of them."""

from __future__ import annotations

from typing import Any

from harness.records import Comparison, Summary
from harness.reporting.blocks import Block, Bullets, Callout, Card, CardRow, Prose, plain
from harness.reporting.verdict import verdict
from tests.reporting.fixture import quickstart

UNCERTAIN: dict[str, Any] = {"low": -0.02, "high": 0.22}
LOSS: dict[str, Any] = {"delta": -0.1, "low": -0.16, "high": -0.04, "candidate_value": 0.4}


def text(summary: Summary) -> str:
    """The verdict as plain text."""
    return "\n".join(said(block) for block in verdict(summary))


def said(of: Block) -> str:
    """A block of a verdict as plain text."""
    match of:
        case Prose(line) | Callout(_, line):
            return plain(line)
        case Bullets(lines):
            return "\n".join(plain(line) for line in lines)
        case Card():
            rows = [_row(one) for one in (*of.rows, *of.effects)]
            return "\n".join([plain(of.title), plain(of.rule), *rows, plain(of.foot)])
    raise AssertionError(f"unexpected in a verdict: {of}")


def _row(of: CardRow) -> str:
    return f"{' '.join(filter(None, (of.label, plain(of.detail))))}: {plain(of.line)}"


def row_of(card: Card, label: str) -> CardRow:
    """The one row of a card with this label."""
    (found,) = [row for row in (*card.rows, *card.effects) if row.label == label]
    return found


def row(**changes: Any) -> Comparison:
    """A difference in accuracy after fine-tuning."""
    fields: dict[str, Any] = {
        "name": "c", "task": "sentiment", "metric": "accuracy", "baseline": "base",
        "candidate": "lora", "baseline_value": 0.5, "candidate_value": 0.6, "delta": 0.1,
        "low": 0.04, "high": 0.16, "p": 0.002, "p_adjusted": 0.004, "better": 30, "worse": 10,
        "n": 200,
    }  # fmt: skip
    return Comparison(**{**fields, **changes})


def tuned(*rows: Comparison) -> str:
    """What is said of these fine-tunings."""
    return text(quickstart(comparisons=list(rows), gates=[]))


def quantized(**changes: Any) -> str:
    """What is said of one quantization."""
    of = row(**{"baseline": "lora-f16", "candidate": "lora-q4", **changes})
    return text(quickstart(comparisons=[of], gates=[]))
