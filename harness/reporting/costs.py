"""What 1,000 examples cost, beside quality: amounts of two currencies are never added, nor compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from harness.money import money
from harness.records import Cost, Summary
from harness.reporting.blocks import NOT_KNOWN, Block, Column, Datum, Fields, Fold, Line, table
from harness.reporting.format import duration
from harness.reporting.measures import APPROXIMATE
from harness.reporting.tables import MODEL, name

NOT_STATED = Datum("not stated", tone="missing")
AMOUNT = Column("Cost of 1,000 examples", "cost ↓", of="amount")
SECONDS = Column("Time of 1,000 examples", "cost ↓", of="seconds")
WHAT_IS_COUNTED = (
    "Cost: of hosted models by the provider's prices and the tokens that it counts; of models that run here by "
    "the price of this machine's hours, where the suite says it. Neither knows what was remembered."
)


def cost_of(summary: Summary, model: str, task: str) -> Cost | None:
    """What is known of the cost of a cell."""
    return summary.cost(model, task)


def currency(summary: Summary, task: str = "") -> str:
    """The one in which most costs are, of a task or of all; "" where there are none."""
    found = Counter(
        of.currency for of in summary.costs if of.amount is not None and task in ("", of.task)
    )
    return found.most_common(1)[0][0] if found else ""


def amount(of: Cost) -> Datum:
    """An amount with its interval, for a field of a table."""
    if of.amount is None:
        return NOT_STATED
    sign = APPROXIMATE if of.reckoned else ""
    interval = ""
    if of.low is not None and of.high is not None:
        ends = ", ".join(money(end, "").strip() for end in (of.low, of.high))
        interval = f"{sign}[{ends}]"
    how = "by the hour" if of.of == "hours" else interval
    return Datum(f"{sign}{money(of.amount, of.currency)}", how, sort=float(of.amount))


def cost_heads(summary: Summary) -> list[Column]:
    """The columns of the table of all models: none where nobody says what anything costs."""
    tasks = _tasks(summary)
    if not tasks:
        return []
    said = "cost ↓" if len(tasks) == 1 else f"mean of {len(tasks)} tasks, cost ↓"
    return [replace(AMOUNT, detail=said), replace(SECONDS, detail=said)]


def cost_fields(summary: Summary, model: str) -> Fields:
    """A model's row in these columns."""
    heads, tasks = cost_heads(summary), _tasks(summary)
    if not heads:
        return {}
    of = [cost for cost in summary.costs if cost.model == model and cost.task in tasks]
    return {heads[0]: _mean_amount(of, len(tasks)), heads[1]: _mean_seconds(of, len(tasks))}


def _tasks(summary: Summary) -> list[str]:
    return list(dict.fromkeys(of.task for of in summary.costs if of.amount is not None))


def _mean_amount(of: list[Cost], tasks: int) -> Datum:
    if not of:
        return NOT_KNOWN
    if any(cost.amount is None for cost in of):
        return NOT_STATED
    if len(of) == 1:
        return replace(amount(of[0]), detail=_some(1, tasks) or amount(of[0]).detail)
    if len({cost.currency for cost in of}) > 1:
        return NOT_KNOWN
    total = sum((cost.amount or Decimal(0) for cost in of), Decimal(0)) / len(of)
    sign = APPROXIMATE if any(cost.reckoned for cost in of) else ""
    how = "by the hour" if of[0].of == "hours" else ""
    said = f"{sign}{money(total, of[0].currency)}"
    return Datum(said, " ".join(filter(None, (how, _some(len(of), tasks)))), sort=float(total))


def _mean_seconds(of: list[Cost], tasks: int) -> Datum:
    found = [cost.seconds for cost in of if cost.seconds is not None]
    if not found or len(found) < len(of):
        return NOT_KNOWN
    mean = sum(found) / len(found)
    return Datum(duration(mean), _some(len(found), tasks), sort=mean)


def _some(have: int, tasks: int) -> str:
    return f"{have} of {tasks} tasks" if have < tasks else ""


def cost_notes(summary: Summary) -> Iterator[Line]:
    """What stands beneath the table where it holds costs."""
    if not cost_heads(summary):
        return
    yield (WHAT_IS_COUNTED,)
    if len({of.currency for of in summary.costs if of.amount is not None}) > 1:
        yield ("Costs are in several currencies, which are not compared here: no rate is known.",)
    if any(of.reckoned for of in summary.costs):
        yield (
            f"{APPROXIMATE} before a cost: the server did not tell the tokens of all answers; they are reckoned "
            "from the texts' lengths.",
        )


def cost_blocks(summary: Summary) -> list[Block]:
    """Task by task, shut at first; nothing where nobody says what anything costs."""
    if not cost_heads(summary):
        return []
    rows: list[Fields] = [
        {
            MODEL: name(of.model),
            "Task": name(of.task),
            AMOUNT: amount(of),
            SECONDS: NOT_KNOWN
            if of.seconds is None
            else Datum(duration(of.seconds), sort=of.seconds),
        }
        for of in summary.costs
    ]
    return [Fold("Cost, task by task", (table("1,000 examples of each task", rows),))]


def paid_lines(summary: Summary, model: str) -> Iterator[str]:
    """What was really paid for a model, as sentences; none where nothing was to be paid."""
    for of in summary.spent:
        if of.model != model:
            continue
        said = f"Paid over all runs: {money(of.paid, of.currency)} for {of.requests:,} requests, looks and retries included"
        if of.unsure:
            said += f"; {money(of.unsure, of.currency)} of it is the most that those cost whose tokens nobody told"
        if of.open:
            said += f"; at most {money(of.open, of.currency)} more for requests that were cut off with their process"
        yield f"{said}."
