"""The figures of parity: conversions and merges, each against what it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.metrics.divergence import KL_MEAN
from harness.records import Parity, ParityLimits, Summary, Value
from harness.reporting.blocks import Block, Column, Datum, Fold, Prose, Row, Table
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
NOT_COMPARED = Datum(DASH, tone="missing")


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
    rows = (*map(_row, found), *_limits(one.parity for one in found))
    return [Fold(TITLE, (Prose((SAID,)), Table(TITLE, columns, rows)))]


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


def _row(one: Held) -> Row:
    of, (text, tone) = one.parity, OUTCOMES[one.status]
    mean = fixed(of.mean_logprob_difference, 6) if of.mean_logprob_difference else DASH
    return Row(
        (
            Datum(", ".join(one.models), name=True),
            Datum(one.kind, f"against {of.against}"),
            Datum(count(of.prompts), f"/ {count(of.tokens)}"),
            Datum(share(of.same_tokens)) if one.kind == "conversion" else NOT_COMPARED,
            Datum(fixed(of.max_logprob_difference, 4)),
            Datum(mean),
            Datum(figure(KL_MEAN, Value(value=of.mean_kl)).text),
            Datum(share(of.top1_agreement)),
            Datum(text, of.reason, tone),
        )
    )


def _limits(parities: Iterable[Parity]) -> list[Row]:
    """Beyond what a parity fails; no row where older results do not say."""
    known = dict.fromkeys(_limit_texts(of.limits) for of in parities if of.limits is not None)
    return [
        Row(
            (
                Datum("limit"),
                NOT_COMPARED,
                NOT_COMPARED,
                Datum("100%"),
                Datum(f"at most {largest}"),
                NOT_COMPARED,
                Datum(f"at most {kl}"),
                Datum(f"at least {top1}"),
                NOT_COMPARED,
            ),
            floor=True,
        )
        for largest, kl, top1 in known
    ]


def _limit_texts(of: ParityLimits) -> tuple[str, str, str]:
    return f"{of.max_logprob_difference:g}", f"{of.mean_kl:g}", share(of.top1_agreement)
