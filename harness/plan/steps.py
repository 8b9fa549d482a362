"""Steps: the nodes of a suite's graph, as plain data that can travel to another machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.plan.cell_params import CellParams
from harness.plan.kinds import KINDS, Kind, StepKind
from harness.plan.params import Params

OfKind = TypeVar("OfKind", bound=Params)


@dataclass(frozen=True)
class Step:
    """One thing to do.

    `key` is the SHA-256 of the kind, the parameters, the parents' keys by role, and the versions
    of what does it. Names are no part of it, so that nothing is answered from another model's
    cache. `after` are keys of steps that must be done before, though nothing of theirs is read.
    """

    key: str
    kind: Kind
    label: str
    params: Params
    """The record of its kind (`harness.plan.kinds`)."""
    parents: dict[str, str]
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
        return self.given(CellParams).answers or self.key

    @property
    def row(self) -> StepKind:
        """What is so of all steps of its kind."""
        return KINDS[self.kind]

    @property
    def is_timing(self) -> bool:
        """Whether this measures time, and must not share the machine."""
        return self.row.timed or self.params.timed

    def given(self, of: type[OfKind]) -> OfKind:
        """Its parameters, as the record of its kind.

        Raises:
            TypeError: it is of another kind.
        """
        if not isinstance(self.params, of):
            raise TypeError(f"A step of kind {self.kind} has no {of.__name__}.")
        return self.params


def make_step(
    kind: Kind,
    label: str,
    params: Params,
    parents: Mapping[str, str],
    versions: Mapping[str, str],
    **rest: Any,
) -> Step:
    """A step with its key computed."""
    identity = {
        "kind": kind,
        "params": params.identity(),
        "parents": dict(parents),
        "versions": dict(versions),
    }
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True, allow_nan=False)
    key = hashlib.sha256(text.encode()).hexdigest()
    return Step(key, kind, label, params, dict(parents), **rest)
