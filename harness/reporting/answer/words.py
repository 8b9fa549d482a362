"""The answer in words: a card that says which model to take, why, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from harness.quantities import plural
from harness.reporting.answer.losses import loss_rows
from harness.reporting.answer.picked import pick_rows, shown_row
from harness.reporting.answer.record import Answer, Obstacle, Withheld
from harness.reporting.answer.sentences import effect_rows
from harness.reporting.blocks import Card, CardRow, Line, Name, Tone, joined, listed
from harness.reporting.format import moment
from harness.reporting.marks import SIGN

NAMES_SHOWN = 6
"""Models that a row names; the others are counted."""
RULES = {
    "smallest": "the smallest model that meets every gate",
    "fastest": "the fastest model that meets every gate",
}
WITHHELD: dict[Withheld, str] = {
    "no gates": "the suite sets no gates",
    "gates not judged": "no gate of the suite was judged in these results",
    "partial": "these results are only a part of what the suite asks for",
    "none qualifies": "no model meets every gate with nothing else against it",
    "timings in doubt": "which one is the fastest cannot be told, since timings are in doubt",
}
SYNTHETIC: Line = (
    f"{SIGN} synthetic stand-ins for models or data: they show the pipeline, not the quality of any "
    "real model",
)


def card(of: Answer) -> Card:
    """The card of an answer."""
    pick = of.pick
    return Card(
        title=("Take ", Name(pick.model)) if pick else ("No recommendation",),
        rule=_rule(of),
        rows=(
            *(pick_rows(pick) if pick else map(shown_row, of.shown)),
            evidence(of),
            *_not_taken(of),
            *_missing(of),
            *loss_rows(of.balances),
            *([CardRow("data", SYNTHETIC, "unsure")] * of.synthetic),
        ),
        effects=effect_rows(of),
        foot=_foot(of),
        tone=_tone(of),
    )


def _tone(of: Answer) -> Tone:
    if of.pick is not None:
        return "good"
    return "bad" if of.withheld == "none qualifies" else "unsure"


def _rule(of: Answer) -> Line:
    """The rule, and what it found or why it found nothing; without gates the Pareto line."""
    if of.withheld is None:
        good, total = sum(one.qualifies for one in of.candidates), len(of.candidates)
        return (f"Rule: {RULES[of.rule]} ({good} of {plural(total, 'model')} that gates judge).",)
    why = WITHHELD[of.withheld]
    if of.withheld != "no gates":
        return (f"Rule: {RULES[of.rule]}; {why}.",)
    said = f"{why[:1].upper()}{why[1:]}, so that none is measured by what you need."
    return (said, *_pareto(of))


def _pareto(of: Answer) -> Line:
    if not of.pareto.models:
        return ()
    by = listed(list(dict.fromkeys(task for task, _ in of.pareto.measures)))
    names = named(of.pareto.models)
    return (
        " On the Pareto line of size and ",
        *by,
        ", by their figures as they are: ",
        *names,
        ".",
    )


def named(names: Sequence[str]) -> Line:
    """Names as a reader lists them; of many the first few, and how many more."""
    more = len(names) - NAMES_SHOWN
    if more <= 0:
        return listed(names)
    return (*joined([(Name(one),) for one in names[:NAMES_SHOWN]], ", "), f" and {more} more")


def evidence(of: Answer) -> CardRow:
    """How many gates were met, checks passed and cells answered, and how many timings are in doubt."""
    parts = []
    if of.gates.total:
        undecided = f" ({of.undecided} undecided)" if of.undecided else ""
        parts.append(f"gates {of.gates.passed}/{of.gates.total} met{undecided}")
    parts += [f"checks {of.checks.passed}/{of.checks.total} passed"] if of.checks.total else []
    parts += [f"cells {of.cells.passed}/{of.cells.total} answered"] if of.cells.total else []
    models = {model for model, _ in of.doubted}
    parts += [f"{SIGN} timings of {plural(len(models), 'model')} in doubt"] if models else []
    sound = of.gates.all and of.checks.all and of.cells.all and not models
    return CardRow("evidence", (" · ".join(parts) or "none",), "plain" if sound else "unsure")


def _not_taken(of: Answer) -> list[CardRow]:
    """By name each model that gates judge and the rule may not take, with the gravest reason."""
    lines: list[Line] = [
        (Name(one.model), f" ({_why(one.obstacles[0])})")
        for one in of.candidates
        if not one.qualifies
    ]
    more = len(lines) - NAMES_SHOWN
    said = (*joined(lines[:NAMES_SHOWN]), f"; and {more} more" * (more > 0))
    return [CardRow("not taken", said, "unsure")] if lines else []


def _why(of: Obstacle) -> str:
    names = ", ".join(of.names)
    gates = ", ".join(dict.fromkeys(f"{gate.metric} on {gate.task}" for gate in of.gates))
    match of.why:
        case "failed":
            return f"failed: {names}" if names else "could not be made"
        case "not asked":
            return f"not asked: {names}"
        case "check":
            return f"check failed: {names}"
        case "not met" | "undecided":
            return f"gate {of.why}: {gates}"
        case "quality not gated":
            return "no gate judges its quality"
        case "size":
            return "size not known"
        case "not timed":
            return "not timed"


def _missing(of: Answer) -> list[CardRow]:
    if not of.missing:
        return []
    cells = [f"{model}/{task}" for model, task in of.missing]
    return [CardRow("not run", (f"{plural(len(cells), 'cell')}: ", *named(cells)), "unsure")]


def _foot(of: Answer) -> Line:
    commit = f"commit {of.commit}" if of.commit else ""
    return (" · ".join(filter(None, (of.machine, commit, moment(of.created)))),)
