"""Versions of everything that has a say in what a step gives."""

from __future__ import annotations

from collections.abc import Mapping

from harness.plan.kinds import KINDS, Kind
from harness.suite.schema import TASK_TYPES

USED: Mapping[str, tuple[str, ...]] = {
    "hf": ("torch", "transformers"),
    "llamacpp": ("llama-cpp-python",),
    "adapter": ("peft",),
    "nf4": ("bitsandbytes",),
    "int8": ("bitsandbytes",),
}
"""Packages of engines, and of what a model asks of them."""
PACKAGES = sorted(
    {package for row in KINDS.values() for package in row.packages}
    | {package for packages in USED.values() for package in packages}
)


def versions(kind: Kind, uses: str, software: Mapping[str, str]) -> dict[str, str]:
    """The step's revision, and the packages of its kind and of what it uses.

    Args:
        kind: of the step.
        uses: words of `USED`, and the type of a task or the shape of random weights, which may have
            a revision of its own.
        software: versions of packages, and revisions of shapes.
    """
    words, row = uses.split(), KINDS[kind]
    packages = {package for word in words for package in USED.get(word, ())}
    found = {name: software[name] for name in sorted({*row.packages, *packages})}
    for word in words:
        name = f"harness {word}"
        if name in software:
            found[name] = software[name]
        elif word in TASK_TYPES and TASK_TYPES[word].revision > 1:
            found[name] = str(TASK_TYPES[word].revision)
    return {"harness step": str(row.revision), **found}
