"""Whether a node has what a job needs, and what is said where none has."""

from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.executors.nodes import Need, Node, place_of, refuse_unmet

GB = 10**9
PLAIN = Node("1", "plain", cpus=8, memory_bytes=32 * GB)
LARGE = Node("2", "large", cpus=16, memory_bytes=256 * GB)
GPU = Node("3", "gpu", cpus=8, gpus=2, memory_bytes=64 * GB, custom={"a100": 2})


@pytest.mark.parametrize(
    ("need", "place"),
    [
        (Need(), PLAIN),
        (Need(memory_bytes=100 * GB), LARGE),
        (Need(gpus=1), GPU),
        (Need(custom={"a100": 1}), GPU),
        (Need(cpus=12), LARGE),
        (Need(cpus=0), PLAIN),
        (Need(gpus=1, memory_bytes=100 * GB), None),
        (Need(custom={"h100": 1}), None),
    ],
)
def test_a_job_is_placed_where_least_is_left_over(need: Need, place: Node | None) -> None:
    assert place_of(need, [LARGE, GPU, PLAIN]) == place


def test_what_nobody_has_is_refused_before_anything_runs() -> None:
    needs = [("ask a", Need()), ("ask b", Need(gpus=4)), ("fine-tune c", Need(gpus=4))]
    with pytest.raises(InputError) as refused:
        refuse_unmet(needs, [PLAIN, GPU])
    assert refused.value.message == (
        "ask b, fine-tune c: no node of the cluster has 1 core, 4 GPUs."
    )
    assert (
        "plain (8 cores, 32.0 GB of memory); gpu (8 cores, 2 GPUs, 64.0 GB of memory, 2 a100)"
        in (refused.value.hint)
    )
    refuse_unmet(needs[:1], [PLAIN])


def test_one_job_needs_the_most_of_each_that_its_steps_need() -> None:
    first = Need(2, 0, 3 * GB, {"a": 1})
    assert first.beside(Need(1, 1, GB, {"b": 2})) == Need(2, 1, 3 * GB, {"a": 1, "b": 2})
    assert first.beside(Need(0)).cpus == 0
