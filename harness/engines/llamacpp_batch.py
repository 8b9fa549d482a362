"""Chooses which contexts are in llama.cpp's cache together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.engines.contexts import Context, common_prefix_length


def groups(
    contexts: Sequence[Context], shared: int, max_tokens: int, max_sequences: int
) -> Iterator[list[Context]]:
    """Neighbouring contexts that fit in the cache together, at least one at a time.

    Args:
        shared: leading ids of every context that the cache already holds.
        max_tokens: most tokens of a group, each shared one counted once.
    """
    group: list[Context] = []
    size = 0
    for context in contexts:
        known = common_prefix_length(group[-1].ids, context.ids) if group else shared
        new = len(context.ids) - max(known, shared)
        if group and (size + new > max_tokens or len(group) == max_sequences):
            yield group
            group, size, new = [], 0, len(context.ids) - shared
        group.append(context)
        size += new
    if group:
        yield group
