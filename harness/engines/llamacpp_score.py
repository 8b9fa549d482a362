"""Scores contexts in llama.cpp: shared ids once, each question's prompt once, many side by side.

Every question has a stream of its own, behind a copy of what all share. A question of several
contexts walks through them: what the next one shares with the last stays, the rest is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.engines.contexts import (
    Context,
    Target,
    common_prefix_length,
    shared_prefix_length,
)
from harness.engines.llama_context import MAX_STREAMS, MAX_TOKENS, LlamaContext, Row, log_softmax
from harness.engines.protocol import Work
from harness.errors import OutOfMemoryError

WORTHWHILE = 16
"""Fewest shared tokens that are run ahead on their own."""
SPARE = 8
"""Cells of a stream for dummies behind the longest sequence."""
CALL_TOKENS = 20
"""What a call costs beside its tokens, in tokens (llama-160m's shape, F16, one core)."""
Walk = list[Context]
Scored = list[tuple[Target, float]]


def walks(contexts: Sequence[Context], shared: int) -> list[Walk]:
    """Neighbours that share more than half of what is new in them; the longest first.

    Args:
        contexts: in lexicographic order.
        shared: leading ids of all that are run already.
    """
    found: list[Walk] = []
    for context in contexts:
        known = common_prefix_length(found[-1][-1].ids, context.ids) - shared if found else 0
        if found and known > (len(context.ids) - shared) / 2:
            found[-1].append(context)
        else:
            found.append([context])
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


def score_all(
    make_cache: Callable[[int, int], LlamaContext],
    contexts: Sequence[Context],
    forgets: bool,
    streams: int,
    work: Work,
) -> Iterator[Scored]:
    """Log-probability (nats) of each target of all contexts, some at a time.

    Args:
        make_cache: gives an empty cache of so many tokens a stream, and streams.
        contexts: in lexicographic order.
        forgets: whether the model can go back in a sequence; else contexts are run one by one.
        streams: most streams to be used.
        work: what is done is added here.
    """
    if not contexts:
        return
    shared = shared_prefix_length(contexts) if forgets else 0
    shared = shared if shared >= WORTHWHILE else 0
    found = walks(contexts, shared) if forgets else [[context] for context in contexts]
    parts = groups(found, shared, min(streams, MAX_STREAMS) if forgets else 1)
    cells = max(len(context.ids) for context in contexts) + SPARE
    cache = cache_of(make_cache, cells, max(map(len, parts)))
    if cache.streams < max(map(len, parts)):
        parts = groups(found, shared, cache.streams)
    if shared:
        cache.run_one(0, contexts[0].ids[:shared])
        work.prompt_tokens += shared
        for stream in range(1, max(map(len, parts))):
            cache.copy(0, stream)
    for part in parts:
        if not forgets:
            cache.clear()
        yield from _walk(cache, part, shared, work)


def cache_of(
    make_cache: Callable[[int, int], LlamaContext], cells: int, streams: int, least: int = 1
) -> LlamaContext:
    """A cache with as many of these streams as memory has room for.

    Raises:
        OutOfMemoryError: there is no room for even `least`.
    """
    while True:
        try:
            return make_cache(cells, streams)
        except OutOfMemoryError:
            if streams <= least:
                raise
            streams = max(least, streams // 2)


def _walk(cache: LlamaContext, part: Sequence[Walk], shared: int, work: Work) -> Iterator[Scored]:
    """Runs the walks of a group, the n-th contexts of all of them at a time."""
    for stream in range(len(part)):
        cache.keep(stream, shared)
    for turn in range(len(part[0])):
        contexts = [walk[turn] for walk in part if turn < len(walk)]
        for stream, context in enumerate(contexts):
            before = part[stream][turn - 1].ids if turn else ()
            known = common_prefix_length(before, context.ids)
            first = min((target.position for target in context.targets), default=known)
            cache.keep(stream, max(shared, min(known, first, len(context.ids) - 1)))
        rows = [
            Row(
                context.ids[cache.lengths[stream] :],
                tuple(position - cache.lengths[stream] for position in context.positions),
            )
            for stream, context in enumerate(contexts)
        ]
        work.prompt_tokens += sum(len(row.ids) for row in rows)
        yield _chosen(contexts, log_softmax(cache.run(rows)))


def _chosen(contexts: Sequence[Context], rows: Any) -> Scored:
    """Each target with its token's value in the row of its position."""
    scored: Scored = []
    start = 0
    for context in contexts:
        place = {position: start + n for n, position in enumerate(context.positions)}
        scored += [(t, float(rows[place[t.position], t.token])) for t in context.targets]
        start += len(place)
    return scored
