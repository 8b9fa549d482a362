"""Packs contexts into llama.cpp batches as a tree: what sequences share is run once.

A token of a batch may belong to several sequences. The contexts of one question share its prompt,
and those of a few-shot task share the shots, so a batch holds each shared token once, and every
sequence from where it differs (the idea of tree attention: Miao et al. 2023, "SpecInfer", §4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.engines.contexts import Context, Target, common_prefix_length
from harness.engines.llama_context import Token


@dataclass
class Node:
    """A token of the tree, the sequences it belongs to, and what is wanted from its output."""

    id: int
    position: int
    sequences: list[int] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    @property
    def token(self) -> Token:
        """The token as llama.cpp is to run it."""
        return Token(self.id, self.position, tuple(self.sequences), bool(self.targets))


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


def tree(group: Sequence[Context], shared: int) -> list[Node]:
    """The tokens of a group behind the shared ones, parents before children.

    The n-th context of the group, counted from 1, becomes sequence n; 0 holds the shared ids.
    `group` is in lexicographic order.
    """
    nodes: list[Node] = []
    path: list[Node] = []
    for number, context in enumerate(group):
        if number:
            known = common_prefix_length(group[number - 1].ids, context.ids)
            del path[max(known - shared, 0) :]
        for position in range(shared + len(path), len(context.ids)):
            path.append(Node(context.ids[position], position))
            nodes.append(path[-1])
        for node in path:
            node.sequences.append(number + 1)
        for target in context.targets:
            path[target.position - shared].targets.append(target)
    return nodes
