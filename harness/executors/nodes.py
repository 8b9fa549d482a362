"""What a node of a cluster has, what a job needs of one, and whether the two fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import InputError
from harness.quantities import byte_size, plural

MOST_LINES = 4
"""Of what no node has, in one message."""


@dataclass(frozen=True)
class Need:
    """What a job holds of its node as long as it runs."""

    cpus: float = 1.0
    """0: those of the smallest node."""
    gpus: float = 0.0
    memory_bytes: int = 0
    custom: Mapping[str, float] = field(default_factory=dict)
    alone: bool = False
    """Whether nothing else may run on the node meanwhile."""

    def beside(self, other: Need) -> Need:
        """What does for both, one after the other."""
        names = dict.fromkeys((*self.custom, *other.custom))
        most = {name: max(self.custom.get(name, 0), other.custom.get(name, 0)) for name in names}
        return Need(
            0.0 if 0.0 in (self.cpus, other.cpus) else max(self.cpus, other.cpus),
            max(self.gpus, other.gpus),
            max(self.memory_bytes, other.memory_bytes),
            most,
            self.alone or other.alone,
        )

    def words(self) -> str:
        """Such as "2 cores, 1 GPU, 100 GB of memory"."""
        parts = [f"{self.cpus:g} core{'' if self.cpus == 1 else 's'}"]
        if self.gpus:
            parts.append(f"{self.gpus:g} GPU{'' if self.gpus == 1 else 's'}")
        if self.memory_bytes:
            parts.append(f"{byte_size(self.memory_bytes)} of memory")
        return ", ".join([*parts, *(f"{count:g} {name}" for name, count in self.custom.items())])


@dataclass(frozen=True)
class Node:
    """A node that is up: all that it has, whoever holds it now."""

    id: str
    name: str
    """Its address, as its owner knows it."""
    cpus: float
    gpus: float = 0.0
    memory_bytes: int = 0
    custom: Mapping[str, float] = field(default_factory=dict)

    def has(self, need: Need) -> bool:
        """Whether a job could run here if nothing else did."""
        return (
            self.cpus >= need.cpus
            and self.gpus >= need.gpus
            and self.memory_bytes >= need.memory_bytes
            and all(self.custom.get(name, 0.0) >= count for name, count in need.custom.items())
        )

    def words(self) -> str:
        """What it has, such as "10.0.0.3 (8 cores, 1 GPU, 64 GB of memory)"."""
        own = Need(self.cpus, self.gpus, self.memory_bytes, self.custom)
        return f"{self.name} ({own.words()})"


def settled(need: Need, nodes: Sequence[Node]) -> Need:
    """A need with its cores as a number."""
    if need.cpus:
        return need
    cpus = min((node.cpus for node in nodes if node.cpus), default=1.0)
    return Need(cpus, need.gpus, need.memory_bytes, need.custom, need.alone)


def place_of(need: Need, nodes: Sequence[Node]) -> Node | None:
    """The node that has what a job needs and the least beyond it; None where none has."""
    fit = [node for node in nodes if node.has(settled(need, nodes))]
    return min(
        fit, key=lambda node: (node.gpus, node.cpus, node.memory_bytes, node.id), default=None
    )


def room_for(need: Need, nodes: Sequence[Node]) -> int:
    """How many jobs of a need go on side by side, if nothing else does."""
    need = settled(need, nodes)
    of = {"cpus": need.cpus, "gpus": need.gpus, "memory_bytes": need.memory_bytes}
    count = 0
    for node in nodes:
        shares = [getattr(node, name) / much for name, much in of.items() if much]
        shares += [node.custom.get(name, 0.0) / much for name, much in need.custom.items() if much]
        count += int(min(shares, default=1.0))
    return count


def jobs_at_once(nodes: Sequence[Node], jobs: int) -> int:
    """Jobs that are handed to a cluster side by side: one a core, and as many more as it has nodes, so
    that one waits wherever there comes to be room."""
    return max(jobs, round(sum(node.cpus for node in nodes)), 1) + len(nodes)


def refuse_unmet(needs: Iterable[tuple[str, Need]], nodes: Sequence[Node]) -> None:
    """Refuses a run of which a part would wait for ever.

    Args:
        needs: of all jobs, each with what it does in words.
        nodes: of the cluster.

    Raises:
        InputError: no node has what a job needs.
    """
    unmet: dict[str, list[str]] = {}
    for what, need in needs:
        if place_of(need, nodes) is None:
            unmet.setdefault(settled(need, nodes).words(), []).append(what)
    if not unmet:
        return
    names = {words: list(dict.fromkeys(of)) for words, of in unmet.items()}
    most = sorted(names, key=lambda words: -len(names[words]))[:MOST_LINES]
    lines = [f"{_some(names[words])}: no node of the cluster has {words}." for words in most]
    left = sum(len(of) for words, of in names.items() if words not in most)
    lines += [f"Nor what {plural(left, 'other step')} need{'s' * (left == 1)}."] if left else []
    has = "; ".join(dict.fromkeys(node.words() for node in nodes)) or "none"
    raise InputError(
        " ".join(lines),
        f"Its nodes: {has}. Add a node that has it, or say less under `resources` in the suite.",
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {plural(len(names) - 3, 'other')}" if len(names) > 3 else shown
