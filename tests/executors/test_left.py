"""Which of the jobs that another driver left on a cluster the next one takes over, and which it ends."""

from __future__ import annotations

from dataclasses import replace

from harness.executors.left import LeftJobs, as_left
from harness.plan.parts import divided
from harness.plan.steps import Step
from harness.runner.jobs import Job, StepJob
from tests.estimate.test_division import cell


def job(*steps: Step) -> str:
    return Job("job", tuple(StepJob(one, {}) for one in steps), "home", "results", 1).to_json()


def test_a_cell_goes_on_in_as_many_parts_as_jobs_ask_it_already() -> None:
    large, small, whole = (cell("m", task) for task in ("large", "small", "whole"))
    first, second, last = divided([large], {("m", "large"): 2})
    left = {"one": job(first, small), "two": job(second)}
    wanted = {("m", "large"): 4, ("m", "whole"): 4, ("m", "small"): 4}
    division = as_left(wanted, left)
    assert division == {("m", "large"): 2, ("m", "whole"): 4}
    assert as_left({}, left) == {("m", "large"): 2}
    assert as_left(wanted, {"last": job(last)}) == {("m", "whole"): 4, ("m", "small"): 4}
    jobs = LeftJobs(left, divided([large, small, whole], division))
    assert len(jobs) == 2 and jobs.others == []
    assert (found := jobs.take([StepJob(second, {})])) is not None and found[0] == "two"


def test_jobs_that_ask_a_cell_as_it_no_longer_is_asked_are_ended_and_others_left_alone() -> None:
    """Where the suite was changed meanwhile: both would write into the cell's folder."""
    now, other = cell("m", "t"), cell("m", "u")
    before = replace(now, key="of another prompt")
    left = {"before": job(before), "other": job(other)}
    jobs = LeftJobs(left, [now])
    assert jobs.others == ["before"] and len(jobs) == 0
