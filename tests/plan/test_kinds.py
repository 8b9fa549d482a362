"""The table of kinds of steps."""

from __future__ import annotations

from typing import get_args

import pytest

from harness.plan.kinds import KINDS, Kind, StepKind
from harness.runner.handlers import handler_of


def test_there_is_a_row_for_each_kind() -> None:
    assert tuple(KINDS) == get_args(Kind)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_does_a_step_is_there_under_its_name(kind: StepKind) -> None:
    assert kind.in_place or callable(handler_of(kind))
