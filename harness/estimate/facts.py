"""What has to be known before needs can be told: of sources, of what is asked, of what is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.estimate.machine import Room
from harness.estimate.pace import Pace
from harness.estimate.precision import Device
from harness.estimate.shape import Shape
from harness.plan.graph import Plan
from harness.plan.steps import Step

SOURCES = ("source", "fetch", "random")
"""Kinds of steps that a lineage begins with."""


@dataclass(frozen=True)
class Source:
    """A model's or an adapter's files, as far as they are known before they are there."""

    shape: Shape | None = None
    stored: str = "bfloat16"
    """Precision of weights; of a GGUF its type."""
    bytes: int = 0
    """Of all its files, here or to be fetched; 0: not known."""
    to_fetch: int = 0
    """Bytes that have yet to come over the network."""
    rank: int = 0
    """Of an adapter."""
    note: str = ""
    """Where this is known from, if it is not the files themselves."""
    problem: str = ""
    """Why there is no shape, and how to mend it."""


@dataclass(frozen=True)
class Asked:
    """The questions of a task, in tokens."""

    prompts: int
    longest: int
    """Of a prompt; with a reference answer where that is read too."""
    tokens: int
    """Of all prompts together."""
    shared: int = 0
    """With which all prompts begin."""
    scored: int = 1
    """Positions of a question whose logits are wanted to score its choices."""
    estimated: bool = False
    """From the lengths of texts, since the prompts have not been encoded."""


@dataclass(frozen=True)
class Learned:
    """What a fine-tuning learns from in one epoch, in tokens."""

    tokens: int
    longest: int
    label_share: float
    estimated: bool = False


@dataclass(frozen=True)
class Machine:
    """This machine."""

    room: Room
    device: Device = "cpu"
    """What torch computes on where a suite does not say."""
    llama_device: Device = "cpu"
    """The same of llama.cpp."""
    bfloat16: bool = True
    """Whether the processor multiplies bfloat16 itself."""
    cores: int = 1
    device_name: str = ""
    pace: Pace | None = None
    """None where nothing was probed."""


@dataclass(frozen=True)
class Facts:
    """All of it. Keys are those of steps."""

    plan: Plan
    machine: Machine
    sources: Mapping[str, Source]
    asked: Mapping[str, Asked]
    """By the step that writes the prompts."""
    learned: Mapping[str, Learned]
    """By the step that encodes the examples."""
    made_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes on disk of what has been made already."""

    def beginning(self, step: Step, role: str = "weights") -> tuple[Step, Source]:
        """The source that a step's weights (or its GGUF) go back to."""
        while step.kind not in SOURCES:
            key = step.parents.get(role) or step.parents.get("weights") or step.parents["gguf"]
            step, role = self.plan.steps[key], "weights"
        return step, self.sources[step.key]
