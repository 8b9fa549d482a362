"""What people preferred who saw the models' answers side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from harness.quantities import plural
from harness.records import PreferencePair, Preferences, Summary
from harness.reporting.blocks import (
    NOT_KNOWN,
    Bar,
    Block,
    Callout,
    Column,
    Datum,
    Download,
    Fields,
    Line,
    Name,
    Prose,
    Table,
    joined,
    table,
)
from harness.reporting.downloads import preferences_csv
from harness.reporting.format import (
    count,
    fixed,
    known,
    p_value,
    percent_level,
    probability,
    share,
)

ELO = 400 / math.log(10)
"""Points of a rating for one unit of log-odds: 400 points are odds of ten to one."""
VOTES = "votes.jsonl"
KINDS = {True: "blind votes", False: "votes with names shown"}
BLIND = (
    "Names were hidden and sides drawn by lot until the vote. The share is of the votes for either of the two "
    "(Clopper–Pearson); ties stand apart. p is exact and adjusted for the number of pairs (Holm)."
)
SHOWN = (
    "Voters saw which model wrote what, so that these votes say what they think of the models as much as of the "
    "answers; they are counted with no blind vote."
)
RATED = (
    "Rating: Bradley–Terry strengths on the Elo scale, with the mean of these models at 0; 400 points are odds of "
    "ten to one that the higher one is preferred. A tie is half a vote for each."
)


def preference_blocks(summary: Summary) -> list[Block]:
    """The tables of blind votes and of others, and what to know of them; none where nobody voted."""
    votes = summary.votes
    if votes is None:
        return []
    blocks: list[Block] = []
    for of in votes.sets:
        blocks += [preference_table(of, summary.confidence), *_rated(of, summary.confidence)]
        blocks.append(Prose(_side(of, summary.confidence)))
    if left_out := _left_out(votes.outdated, votes.damaged):
        blocks.append(Callout("unsure", left_out))
    if votes.sets:
        blocks.append(
            Download("Preferences as CSV", "preferences.csv", preferences_csv(votes.sets))
        )
    return blocks


def preference_table(of: Preferences, confidence: float) -> Table:
    """A row for each pair of models, the one that more votes went to first."""
    level = percent_level(confidence)
    caption = f"{KINDS[of.blind].capitalize()}: {plural(of.votes, 'vote')} of {plural(of.voters, 'voter')}"
    rows: list[Fields] = []
    for pair in map(_leading, of.pairs):
        lead = (
            Datum(share(pair.share.value), tone="plain")
            if pair.share.value is not None
            else NOT_KNOWN
        )
        rows.append(
            {
                "Model": Datum(pair.first, name=True),
                "against": Datum(pair.second, name=True),
                Column("Conclusion", numeric=False): _concluded(pair, of.fewest),
                Column("Share", f"[{level} interval]"): replace(
                    lead, detail=_ends(pair), bar=_bar(pair), sort=pair.share.value
                ),
                Column("Preferred"): count(pair.first_preferred),
                Column("Other preferred"): count(pair.second_preferred),
                Column("Both good"): count(pair.both_good),
                Column("Both bad"): count(pair.both_bad),
                Column("p", "adjusted", term="p"): Datum(probability(pair.p_adjusted))
                if pair.p_adjusted is not None
                else NOT_KNOWN,
            }
        )
    return table(caption, rows, (((BLIND if of.blind else SHOWN),), _held(of)))


def _leading(pair: PreferencePair) -> PreferencePair:
    """The pair with the model first that more votes went to."""
    if pair.second_preferred <= pair.first_preferred:
        return pair
    of, turned = pair.share, {"first": "second", "second": "first"}
    ends = [None if end is None else 1 - end for end in (of.value, of.high, of.low)]
    return pair.model_copy(
        update={
            "first": pair.second,
            "second": pair.first,
            "first_preferred": pair.second_preferred,
            "second_preferred": pair.first_preferred,
            "share": of.model_copy(update=dict(zip(("value", "low", "high"), ends, strict=True))),
            "outcome": turned.get(pair.outcome, pair.outcome),
        }
    )


def _concluded(pair: PreferencePair, fewest: int) -> Datum:
    match pair.outcome:
        case "first":
            return Datum("preferred", tone="good")
        case "second":
            return Datum("the other is preferred", tone="bad")
        case "inconclusive":
            return Datum("inconclusive", tone="unsure")
        case "too few":
            return Datum(
                "cannot tell yet", f"{fewest} votes for either can at the earliest", "missing"
            )


def _ends(pair: PreferencePair) -> str:
    ends = known(pair.share.low, pair.share.high)
    return f"[{', '.join(f'{fixed(100 * end, 0)}%' for end in ends)}]" if ends else ""


def _bar(pair: PreferencePair) -> Bar | None:
    of = pair.share
    return None if of.value is None else Bar(of.value, of.low, of.high)


def _held(of: Preferences) -> Line:
    """Of whom the intervals speak."""
    if of.by_voter:
        return (
            f"The intervals take the {count(of.voters)} voters to be what was drawn, not their votes: they hold "
            "for other voters like these.",
        )
    return (
        f"The votes are of {plural(of.voters, 'voter')}, too few to tell how much people differ: the intervals "
        "hold for them alone, on other prompts like theirs.",
    )


def _rated(of: Preferences, confidence: float) -> Iterator[Block]:
    if of.unrated == "not connected":
        yield Prose(
            (
                "No ratings yet: some model has won or lost every vote, or was never held against the others, "
                "so that nothing bounds its rating.",
            )
        )
    if not of.ratings:
        return
    head = Column("Rating", f"Elo points [{percent_level(confidence)} interval]")
    rows: list[Fields] = []
    for one in of.ratings:
        ends = known(one.rating.low, one.rating.high)
        points = [fixed(ELO * end, 0, signed=True) for end in ends]
        value = Datum(
            fixed(ELO * (one.rating.value or 0.0), 0, signed=True), f"[{', '.join(points)}]"
        )
        rows.append(
            {
                "Model": Datum(one.model, name=True),
                head: replace(value, sort=one.rating.value),
                Column("Votes"): count(one.n),
                Column("Preferred"): count(one.preferred),
            }
        )
    yield table(f"Ratings from {KINDS[of.blind]}", rows, ((RATED,),))


def _side(of: Preferences, confidence: float) -> Line:
    """Whether where an answer stood decided."""
    if not of.sides or of.left_share.value is None:
        return ("No vote was for one of two answers, so that nothing is known of position bias.",)
    ends = known(of.left_share.low, of.left_share.high)
    interval = f"[{', '.join(f'{fixed(100 * end, 0)}%' for end in ends)}]"
    told = f"{count(of.left)} of {plural(of.sides, 'vote')} for one of two answers went to the left one "
    told += f"({share(of.left_share.value)} {interval}, {p_value(of.left_p)})"
    if of.left_p is not None and of.left_p < 1 - confidence:
        why = (
            "; sides were drawn by lot, so that this favours no model, but it hides differences."
            if of.blind
            else ", and which model stood there was not drawn by lot."
        )
        return ("Position bias: ", told, why)
    if 2 * 0.5**of.sides >= 1 - confidence:
        return ("Position: ", told, "; too few to tell of a position bias.")
    return ("Position: ", told, "; no position bias shows.")


def _left_out(outdated: int, damaged: int) -> Line:
    said: list[Line] = []
    if outdated:
        said.append((f"{plural(outdated, 'vote')} on models that have changed since or are gone",))
    if damaged:
        said.append((f"{plural(damaged, 'line')} of ", Name(VOTES), " that cannot be read"))
    return ("Not counted: ", *joined(said, last=" and "), ".") if said else ()
