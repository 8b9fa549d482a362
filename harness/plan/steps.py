"""Steps: the nodes of a suite's graph, as plain data that can travel to another machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.plan.kinds import KINDS, Kind, StepKind
from harness.suite.schema import TASK_TYPES


@dataclass(frozen=True)
class Step:
    """One thing to do.

    `key` is the SHA-256 of the kind, the parameters, the parents' keys by role, and the versions
    of what does it. Names are no part of it, so that nothing is answered from another model's
    cache. `settings` say how to do it (threads, device) and do not change what comes out; `after`
    are keys of steps that must be done before, though nothing of theirs is read.
    """

    key: str
    kind: Kind
    label: str
    params: dict[str, Any]
    parents: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    """Steps of one group are done by one worker process where nothing stands between them."""
    model: str = ""
    task: str = ""
    after: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """Keys of all steps that must be done before this one."""
        return frozenset(self.parents.values()) | frozenset(self.after)

    @property
    def answers_key(self) -> str:
        """Of a cell: the key without its own metrics, which its answers carry and outlive."""
        return str(self.settings.get("answers", self.key))

    @property
    def row(self) -> StepKind:
        """What is so of all steps of its kind."""
        return KINDS[self.kind]

    @property
    def is_timing(self) -> bool:
        """Whether this measures time, and must not share the machine."""
        timed = self.kind == "cell" and TASK_TYPES[self.params["task"]["type"]].timed
        return timed or self.row.timed


def make_step(
    kind: Kind,
    label: str,
    params: Mapping[str, Any],
    parents: Mapping[str, str],
    versions: Mapping[str, str],
    **rest: Any,
) -> Step:
    """A step with its key computed."""
    identity = {
        "kind": kind,
        "params": dict(params),
        "parents": dict(parents),
        "versions": dict(versions),
    }
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True, allow_nan=False)
    key = hashlib.sha256(text.encode()).hexdigest()
    return Step(key, kind, label, dict(params), dict(parents), **rest)
