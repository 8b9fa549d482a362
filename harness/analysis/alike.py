"""Whether two models were asked alike: by the same tokens, or where a server makes its own, the same texts."""

from __future__ import annotations

from harness.analysis.answers import CellAnswers

DIFFERENT_PROMPTS = (
    "The two were asked different prompts (the hashes of their token ids differ), so that a "
    "difference would be the prompts' as much as the models'. `prompts: any` in the comparison "
    "allows it."
)
DIFFERENT_TEXTS = (
    "The two were sent different texts, as a server puts messages through a template of its own, so "
    "that a difference would be the prompts' as much as the models'. `prompts: any` in the "
    "comparison allows it."
)
DIFFERENT_TOKENS = (
    "The two were sent the same texts and made other tokens of them ({before:,} of {what} before, "
    "{after:,} after), so that a difference would be the prompts' as much as the models'. "
    "`prompts: any` in the comparison allows it."
)
DIFFERENT_WAYS = (
    "Answers of one were {before} and those of the other {after}, so that a difference would be that "
    "of two measurements as much as the models'. `prompts: any` in the comparison allows it."
)
WAYS = {
    "loglikelihood": "told by log-probabilities",
    "first_token": "told by the first token alone",
    "constrained": "written under a constraint",
    "parsed": "written and read",
}


def asked_otherwise(before: CellAnswers, after: CellAnswers) -> str:
    """Why answers of two models are none to the same question; "" where they are."""
    return _other_ways(before, after) or _other_prompts(before, after)


def notes_of(before: CellAnswers, after: CellAnswers) -> list[str]:
    """What a reader has to know of how two models were asked whose answers are compared."""
    if _other_prompts(before, after):
        notes = ["The same examples, each model asked by its own tokenizer and template."]
    elif before.prompts != after.prompts and (before.served or after.served):
        notes = ["Both were sent the same texts, of which the server makes tokens itself."]
    else:
        notes = []
    if _other_ways(before, after):
        notes.append(f"Answers were {_ways(before)} before, and {_ways(after)} after.")
    return notes


def _other_ways(before: CellAnswers, after: CellAnswers) -> str:
    """Nothing for two that run here: what is asked of them is what the suite says."""
    if not (before.served or after.served) or before.told_by == after.told_by:
        return ""
    return DIFFERENT_WAYS.format(before=_ways(before), after=_ways(after))


def _ways(cell: CellAnswers) -> str:
    return " and ".join(WAYS.get(way, way) for way in cell.told_by.split("+"))


def _other_prompts(before: CellAnswers, after: CellAnswers) -> str:
    if not before.prompts or not after.prompts or before.prompts == after.prompts:
        return ""
    if not (before.served or after.served) or before.asked is None or after.asked is None:
        return DIFFERENT_PROMPTS
    if before.asked.sha256 != after.asked.sha256:
        return DIFFERENT_TEXTS
    pairs = {
        "the longest": (before.asked.longest_tokens, after.asked.longest_tokens),
        "all": (before.asked.tokens, after.asked.tokens),
    }
    for what, (one, other) in pairs.items():
        if one is not None and other is not None and one != other:
            return DIFFERENT_TOKENS.format(what=what, before=one, after=other)
    return ""
