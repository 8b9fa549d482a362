"""What a summary says of the machine."""

from __future__ import annotations

import os

import pytest

from harness.engines.process import physical_cores
from harness.runner.machine import describe_machine


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_only_cores_that_this_process_may_use_are_named() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert describe_machine()["cores"] == physical_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
