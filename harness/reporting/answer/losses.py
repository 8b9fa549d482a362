"""What fine-tunings lost of what they did not learn: on the card, and at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence

from harness.quantities import plural
from harness.reporting.answer.figures import change_words, readable
from harness.reporting.balance import Balance
from harness.reporting.blocks import CardRow, Line, Name, joined, listed
from harness.reporting.measures import label
from harness.reporting.outcomes import Conclusion

SHOWN = 3
"""Losses of one fine-tuning that are said; the others are counted."""
HEAD = "forgetting"


def loss_words(of: Balance) -> Line:
    """What was lost of what was not learned, and by how much; nothing where no loss is sure."""
    said: list[Line] = [
        (f"{label(readable(one.of))} on ", Name(one.row.task), f" {change_words(one.of, one.row)}")
        for one in of.lost[:SHOWN]
    ]
    more = len(of.lost) - SHOWN
    return joined([*said, *([(f"{more} more",)] if more > 0 else [])], ", ")


def loss_rows(found: Sequence[Balance]) -> list[CardRow]:
    """A row for each fine-tuning that lost something for sure, and one for all others, made here or elsewhere."""
    rows = [
        CardRow(
            HEAD,
            (Name(one.of.model), " lost against ", Name(one.of.baseline), ": ", *loss_words(one)),
            "bad",
        )
        for one in found
        if one.lost
    ]
    for elsewhere, what in ((False, " of what was not learned"), (True, ", trained elsewhere")):
        of = [one for one in found if one.of.elsewhere is elsewhere]
        kept = [one for one in of if not one.lost and figures(one)]
        if kept:
            said = f": no loss shown in {plural(max(map(figures, kept)), 'figure')}{what}"
            rows.append(CardRow(HEAD, (*listed([one.of.model for one in kept]), said)))
    return rows


def figures(of: Balance) -> int:
    """How many figures there are of what was not learned."""
    return sum(one.outcome is not Conclusion.MISSING for one in of.beside)


def loss_in_short(found: Sequence[Balance]) -> Line:
    """Which fine-tunings lost on which tasks; nothing where no loss is sure."""
    said: list[Line] = []
    for one in found:
        tasks = list(dict.fromkeys(loss.row.task for loss in one.lost))
        if tasks:
            said.append((Name(one.of.model), " lost on ", *listed(tasks)))
    return joined(said)
