"""Nodes that a cluster is said to have, such as `4x16cpu,128GB,1gpu`: to plan for one that is not here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.errors import InputError
from harness.executors.nodes import Node
from harness.quantities import bytes_of

FORM = "4x16cpu,128GB,1gpu"
MOST_NODES = 10_000
_WORDS = {"cpu": "cpus", "core": "cpus", "gpu": "gpus"}
_PART = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z][A-Za-z0-9_:.-]*)")


def nodes_given(texts: Iterable[str]) -> list[Node]:
    """The nodes that texts name: how many, each with cores, memory, perhaps GPUs and resources of its own.

    Raises:
        InputError: a text is none of that form.
    """
    found: list[Node] = []
    for number, text in enumerate(texts, 1):
        count, has = _read(text)
        if len(found) + count > MOST_NODES:
            raise InputError(f"--nodes {text}: more than {MOST_NODES:,} nodes", "Plan for fewer.")
        cpus, gpus, memory = (has.pop(of, 0.0) for of in ("cpus", "gpus", "memory"))
        found += [
            Node(f"{number}-{of:05}", f"each of {text}", cpus, gpus, int(memory), has)
            for of in range(1, count + 1)
        ]
    return found


def _read(text: str) -> tuple[int, dict[str, float]]:
    shown = re.fullmatch(r"\s*(?:(\d+)\s*[x*×]\s*)?\(?\s*([^()]+?)\s*\)?\s*", text)
    if shown is None:
        raise _wrong(text, "it names no node")
    has: dict[str, float] = {}
    for part in re.split(r"\s*,\s*", shown[2]):
        for name, much in _amount(text, part):
            if name in has:
                raise _wrong(text, f"`{part}` says again what stands there already")
            has[name] = much
    count = int(shown[1] or 1)
    if not count or not has.get("cpus") or not has.get("memory"):
        raise _wrong(text, "a node has at least a core, and memory" if count else "that is no node")
    return count, has


def _amount(text: str, part: str) -> Iterator[tuple[str, float]]:
    found = _PART.fullmatch(part)
    if found is None:
        raise _wrong(text, f"`{part}` is no number with what it counts")
    word = found[2].lower().removesuffix("s")
    if word in _WORDS:
        yield _WORDS[word], float(found[1])
        return
    try:
        yield "memory", float(bytes_of(part))
    except ValueError:
        if re.fullmatch(r"[kKMGTP]i?[bB]", found[2]):
            raise _wrong(text, f"`{part}`: a size has kB, MB, GB or TB, such as 128 GB") from None
        yield found[2], float(found[1])


def _wrong(text: str, why: str) -> InputError:
    return InputError(
        f"--nodes {text}: {why}",
        f"Write --nodes {FORM} for 4 nodes with 16 cores, 128 GB of memory and a GPU each; resources of "
        "the cluster's own by name (1a100). Once for each kind of node.",
    )
