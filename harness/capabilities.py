"""What can be asked of whoever answers: which task wants what, and which engine can do it.

A room of its own below all others: the suite says what its tasks want, the plan compares, the engines
say what they can. Nothing is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Capability = Literal["choose", "generate", "distributions", "timing", "load"]
"""`choose`: log-probabilities of given answers. `generate`: text. `distributions`: log-probabilities of
every next token. `timing`: forward passes of stated shapes, timed in this process. `load`: requests side by
side over a connection, as many as are sent."""

WORDS: Mapping[Capability, str] = {
    "choose": "give log-probabilities of given answers",
    "generate": "write text",
    "distributions": "give the log-probabilities of every next token",
    "timing": "time single forward passes",
    "load": "be put under the load of many requests, since no server runs it",
}

ON_IDS: frozenset[Capability] = frozenset({"choose", "generate", "distributions", "timing"})
"""What every engine can that runs token ids in this process."""

SERVED: frozenset[Capability] = frozenset({"choose", "generate", "load"})
"""What can be asked of a server; whether its log-probabilities hold is seen when it is asked."""

CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "hf": ON_IDS,
    "llamacpp": ON_IDS,
    "endpoint": SERVED,
}
"""By engine what it can do whatever the model, as far as a plan can know it."""


def refusal(what: str, engine: str, capability: Capability) -> tuple[str, str]:
    """Message and hint for a task that wants more than an engine can do."""
    hint = "Leave the task out for this model, or run the model with another engine."
    if capability == "choose":
        hint = "Set `ask: generate`, so that the answer is written and read."
    if capability == "load":
        hint = "Name the served models in the task's `models`; `type: speed` times the others."
    if capability == "timing":
        hint = "Name the models that run here in the task's `models`; `type: load` times a server."
    return f"{what} cannot be asked: the engine `{engine}` cannot {WORDS[capability]}", hint
