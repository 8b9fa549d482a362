"""The figures of parity: conversions and merges, each against what it was made from."""

from __future__ import annotations

from dataclasses import dataclass

from harness.metrics.divergence import KL_MEAN
from harness.records import Parity, ParityLimits, Summary, Value
from harness.reporting.blocks import NOT_KNOWN, Block, Column, Datum, Fields, Fold, Prose, table
from harness.reporting.format import DASH, count, fixed, share
from harness.reporting.marks import OUTCOMES, all_checks
from harness.reporting.measures import figure

TITLE = "Parity of conversions and merges in figures"
SAID = (
    "A model that was converted to GGUF, or whose adapter was merged, is held against what it was "
    "made from, on the suite's own prompts: the log-probabilities may differ by no more than "
    "rounding. The largest and the mean difference are of log-probabilities, over every position "
    "and every piece that either model gives a probability of at least 0.0001."
)
MODELS, TOKEN_IDS = "Models", Column("Same token ids")
LARGEST = Column("Largest difference", "nats")
KL, FIRST_CHOICE = Column("Mean KL divergence", "nats"), Column("Top-1 agreement")


@dataclass(frozen=True)
class Held:
    """One comparison of two models that should be one, and all whose figures rest on it."""

    kind: str
    parity: Parity
    status: str
    models: tuple[str, ...]


def parity_blocks(summary: Summary) -> list[Block]:
    """A folded table; nothing where nothing was converted or merged."""
    found = held(summary)
    if not found:
        return []
    limits = (one.parity.limits for one in found)
    rows, floors = map(_fields, found), map(_limit, dict.fromkeys(filter(None, limits)))
    return [Fold(TITLE, (Prose((SAID,)), table(TITLE, rows, floors=floors)))]


def held(summary: Summary) -> list[Held]:
    """Each conversion and each merge once, with the models that share it."""
    statuses: dict[tuple[str, str], str] = {
        (check.name, check.model): check.status for check in all_checks(summary)
    }
    grouped: dict[tuple[str, str, str], tuple[Parity, list[str]]] = {}
    for model, of in summary.models.items():
        for kind, parity in (("conversion", of.parity), ("merge", of.merge_parity)):
            if parity is not None:
                status = statuses.get((kind, model), "passed" if parity.passed else "failed")
                key = (kind, status, parity.model_dump_json())
                grouped.setdefault(key, (parity, []))[1].append(model)
    return [
        Held(kind, parity, status, tuple(models))
        for (kind, status, _), (parity, models) in grouped.items()
    ]


def _fields(one: Held) -> Fields:
    of, (text, tone) = one.parity, OUTCOMES[one.status]
    mean = fixed(of.mean_logprob_difference, 6) if of.mean_logprob_difference else DASH
    return {
        MODELS: Datum(", ".join(one.models), name=True),
        Column("What", "and against what", numeric=False, term="parity"): Datum(
            one.kind, f"against {of.against}"
        ),
        Column("Prompts", "/ tokens"): Datum(count(of.prompts), f"/ {count(of.tokens)}"),
        TOKEN_IDS: share(of.same_tokens) if one.kind == "conversion" else NOT_KNOWN,
        LARGEST: fixed(of.max_logprob_difference, 4) if of.tokens else DASH,
        Column("Mean difference", "nats"): mean,
        KL: figure(KL_MEAN, Value(value=of.mean_kl)).text if of.tokens else DASH,
        FIRST_CHOICE: share(of.top1_agreement) if of.tokens else DASH,
        "Outcome": Datum(text, of.reason, tone),
    }


def _limit(of: ParityLimits) -> Fields:
    """Beyond what a parity fails."""
    return {
        MODELS: "limit",
        TOKEN_IDS: "100%",
        LARGEST: f"at most {of.max_logprob_difference:g}",
        KL: f"at most {of.mean_kl:g}",
        FIRST_CHOICE: f"at least {share(of.top1_agreement)}",
    }
