"""On which tokens of a suite's prompts two models that should be one are compared.

Tokens are counted, not prompts: a comparison of both models' whole distributions, in float32 and
prompt by prompt, costs more a token than asking does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from harness.engines.contexts import common_prefix
from harness.models.parity.prompts import CheckedPrompt

MOST_TOKENS = 1024
"""Enough to find every conversion and merge that is known to go wrong."""
FEWEST_TOKENS = 128
SHARE = 1 / 40
"""Of the tokens that are asked: two models are run on them, so that a check costs some 5% of asking."""


def shares(asked: Mapping[str, Sequence[CheckedPrompt]]) -> dict[str, list[int]]:
    """How many of its tokens are run of each of the first prompts of each task.

    What all prompts of a task begin with counts once, since asking runs it once.
    Every task gets the same part, and what one does not need the others get. A prompt is cut where its
    task's part ends: what a position gives does not depend on what comes behind it.
    """
    lengths = {task: [len(prompt.ids) for prompt in prompts] for task, prompts in asked.items()}
    totals = {task: sum(found) for task, found in lengths.items()}
    run = sum(map(_asked, asked.values()))
    left = min(MOST_TOKENS, max(FEWEST_TOKENS, int(SHARE * run)))
    found: dict[str, list[int]] = {}
    for number, task in enumerate(sorted(totals, key=totals.__getitem__)):
        found[task] = _up_to(left // (len(totals) - number), lengths[task])
        left -= sum(found[task])
    return found


def _asked(prompts: Sequence[CheckedPrompt]) -> int:
    """Tokens that asking a task runs, which has a beginning that all its prompts share run once."""
    ids = [prompt.ids for prompt in prompts]
    return sum(map(len, ids)) - common_prefix(ids) * max(0, len(ids) - 1)


def _up_to(most: int, lengths: Sequence[int]) -> list[int]:
    """The first lengths, the last one cut, whose sum is at most `most`."""
    before = [0, *accumulate(lengths)]
    return [
        min(length, most - start)
        for length, start in zip(lengths, before, strict=False)
        if start < most
    ]
