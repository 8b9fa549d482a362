"""Lays sequences that begin alike out as a tree of tokens, so that each shared token is run once.

The choices of one question share its prompt. A tree's tokens are run side by side, each seeing its
ancestors only (the idea of tree attention: Miao et al. 2023, "SpecInfer", §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.engines.contexts import Context, Target, common_prefix_length


@dataclass
class Node:
    """A token of the tree, the sequences it belongs to, and what is wanted from its output.

    `sequences` are consecutive numbers, since neighbours in lexicographic order share beginnings.
    """

    id: int
    position: int
    sequences: list[int] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)


def tree(group: Sequence[Context], shared: int) -> list[Node]:
    """The tokens of some contexts behind the shared ones, parents before children.

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
