"""Scores contexts in llama.cpp: shared ids once, each question's prompt once, many side by side.

Every question has a stream of its own, behind a copy of what all share. A question of several
contexts walks through them: what the next one shares with the last stays, the rest is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.engines.contexts import (
    WORTHWHILE,
    Context,
    Scored,
    common_prefix_length,
    neighbours,
    of_questions,
    questions_of,
    shared_prefix_length,
)
from harness.engines.llamacpp.caches import Caches
from harness.engines.llamacpp.context import MAX_STREAMS, BatchRow, LlamaContext, log_softmax
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.llamacpp.sizes import MAX_TOKENS
from harness.engines.portion import WHOLE, Portion
from harness.engines.protocol import Work

CALL_TOKENS = 20
"""What a call costs beside its tokens, in tokens (llama-160m's shape, F16, one core)."""
Item = TypeVar("Item")
Walk = list[Context]


def walks(contexts: Sequence[Context], shared: int) -> list[Walk]:
    """Neighbours that share more than half of what is new in them; the longest first.

    Args:
        contexts: in lexicographic order.
        shared: leading ids of all that are run already.
    """
    found = neighbours(contexts, shared)
    return sorted(found, key=lambda walk: -len(walk[0].ids))


def groups(found: Sequence[Walk], shared: int, streams: int) -> list[list[Walk]]:
    """Walks to be run side by side: neighbours in length, since shorter ones are padded.

    The cut that costs least, if a call costs its tokens, padding included, and `CALL_TOKENS` more.
    Those with most contexts come first in a group, so that the streams in use are the first ones.

    Args:
        found: the longest first.
        shared: leading ids that are run already.
        streams: most walks of a group.
    """
    widths = [max(2, len(walk[0].ids) - shared) for walk in found]
    costs, cuts = [0] * (len(found) + 1), [0] * (len(found) + 1)
    for end in range(1, len(found) + 1):
        best = None
        for start in range(end - 1, max(-1, end - 1 - streams), -1):
            tokens = (end - start) * widths[start]
            if tokens > MAX_TOKENS and start < end - 1:
                break
            cost = costs[start] + tokens + CALL_TOKENS
            if best is None or cost < best:
                best, cuts[end] = cost, start
        costs[end] = best or 0
    parts, end = [], len(found)
    while end:
        parts.append(sorted(found[cuts[end] : end], key=len, reverse=True))
        end = cuts[end]
    return parts[::-1]


@dataclass(frozen=True)
class ScoringTurn:
    """One context of each stream, run side by side, and how much each stream keeps before."""

    contexts: tuple[Context, ...]
    kept: tuple[int, ...]

    @property
    def cells(self) -> int:
        """Cells that a stream needs for it, dummies behind shorter rows included."""
        width = max(len(c.ids) - k for c, k in zip(self.contexts, self.kept, strict=True))
        return max(self.kept) + width


def turns(part: Sequence[Walk], shared: int, least: int) -> list[ScoringTurn]:
    """How the walks of a group are run: the n-th contexts of all of them at a time.

    A row brings so many tokens that it needs no dummies where that is possible without running
    shared ids again.
    """
    found = []
    for turn in range(len(part[0])):
        walking = [walk for walk in part if turn < len(walk)]
        fewest = max(2, -(-least // len(walking)))
        kept = []
        for walk in walking:
            context = walk[turn]
            known = common_prefix_length(walk[turn - 1].ids, context.ids) if turn else shared
            first = min((target.position for target in context.targets), default=known)
            kept.append(max(shared, min(known, first, len(context.ids) - fewest)))
        found.append(ScoringTurn(tuple(walk[turn] for walk in walking), tuple(kept)))
    return found


def score_all(
    caches: Caches,
    contexts: Sequence[Context],
    model: LlamaModel,
    streams: int,
    work: Work,
    portion: Portion = WHOLE,
) -> Iterator[Scored]:
    """Log-probability (nats) of each target of a portion's questions, some at a time.

    Args:
        caches: to work in.
        contexts: in lexicographic order.
        model: what is run. One that cannot go back is given one context at a time.
        streams: most streams to be used.
        work: what is done is added here.
        portion: of the questions; the cache and its turns are laid out for all of them.
    """
    found = [
        ScoredSide(side, model)
        for side in sides(contexts, lambda context: len(context.ids), model.turns_at)
    ]
    asking = (_questions(turns) for side in found for turns in side.plan(streams))
    wanted = portion.of(list(asking))
    for side in found:
        if not wanted.isdisjoint(questions_of(side.contexts)):
            yield from _score_side(caches, side, model, streams, work, wanted)


def sides(
    items: Sequence[Item], length: Callable[[Item], int], turns_at: int | None
) -> list[list[Item]]:
    """Items up to a length and those beyond it, each where there are any, in order."""
    if turns_at is None:
        return [list(items)] if items else []
    short = [item for item in items if length(item) <= turns_at]
    long = [item for item in items if length(item) > turns_at]
    return [side for side in (short, long) if side]


class ScoredSide:
    """Contexts that are scored in one cache, and how."""

    def __init__(self, contexts: Sequence[Context], model: LlamaModel) -> None:
        self.contexts, self._model = contexts, model
        shared = shared_prefix_length(contexts) if model.forgets else 0
        self.shared = shared if shared >= WORTHWHILE else 0
        """Leading ids that are run on their own."""

    def plan(self, streams: int) -> list[list[ScoringTurn]]:
        """Turns that follow each other, for each group of so many streams at most."""
        model, shared = self._model, self.shared
        if not model.forgets:
            return [[ScoringTurn((context,), (0,))] for context in self.contexts]
        found, streams = walks(self.contexts, shared), min(streams, MAX_STREAMS)
        longest = max(len(context.ids) for context in self.contexts)
        limit = model.turns_at if model.turns_at and longest <= model.turns_at else None
        parts = [turns(part, shared, model.least_rows) for part in groups(found, shared, streams)]
        if limit is not None and any(turn.cells > limit for part in parts for turn in part):
            parts = [turns([walk], shared, model.least_rows) for walk in found]
        return parts


def _questions(turns: Sequence[ScoringTurn]) -> set[int]:
    return questions_of(context for turn in turns for context in turn.contexts)


def _score_side(
    caches: Caches,
    side: ScoredSide,
    model: LlamaModel,
    streams: int,
    work: Work,
    wanted: frozenset[int],
) -> Iterator[Scored]:
    contexts, shared = side.contexts, side.shared
    parts = side.plan(streams)
    cells = max(turn.cells for part in parts for turn in part)
    most = max(len(part[0].contexts) for part in parts)
    cache = caches.get(cells, most)
    if cache.streams < most:
        caches.batch["sequences"] = most = cache.streams
        parts = side.plan(most)
    if shared:
        cache.run_one(0, contexts[0].ids[:shared])
        work.prompt_tokens += shared
        for stream in range(1, max(len(part[0].contexts) for part in parts)):
            cache.copy(0, stream)
    for part in parts:
        if wanted.isdisjoint(_questions(part)):
            continue
        if not model.forgets:
            cache.clear()
        for turn in part:
            yield of_questions(_run(cache, turn, work), wanted)


def _run(cache: LlamaContext, turn: ScoringTurn, work: Work) -> Scored:
    """Runs the contexts of a turn, each in its stream."""
    rows = []
    for stream, (context, kept) in enumerate(zip(turn.contexts, turn.kept, strict=True)):
        cache.keep(stream, kept)
        wanted = tuple(position - kept for position in context.positions)
        rows.append(BatchRow(context.ids[kept:], wanted))
    work.prompt_tokens += sum(len(row.ids) for row in rows)
    return _chosen(turn.contexts, log_softmax(cache.run(rows)))


def _chosen(contexts: Sequence[Context], rows: Any) -> Scored:
    """Each target with its token's value in the row of its position."""
    scored: Scored = []
    start = 0
    for context in contexts:
        place = {position: start + n for n, position in enumerate(context.positions)}
        scored += [(t, float(rows[place[t.position], t.token])) for t in context.targets]
        start += len(place)
    return scored
