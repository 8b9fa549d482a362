"""Nodes that are named on the command line."""

from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.executors.given import nodes_given

GB = 10**9


@pytest.mark.parametrize(
    "text",
    [
        "4x16cpu,128GB,1gpu,2a100",
        "4 x (16 cpus, 128 GB, 1 gpu, 2 a100)",
        "4*16cores,1gpus,2a100,128GB",
    ],
)
def test_nodes_are_named_as_people_write_them(text: str) -> None:
    found = nodes_given([text])
    assert len({node.id for node in found}) == len(found) == 4
    one = found[0]
    assert (one.cpus, one.gpus, one.memory_bytes, one.custom) == (16, 1, 128 * GB, {"a100": 2})


def test_kinds_of_nodes_stand_beside_each_other() -> None:
    found = nodes_given(["2x8cpu,32GB", "64cpu,1.5TB"])
    assert [(node.cpus, node.memory_bytes) for node in found] == [
        (8, 32 * GB), (8, 32 * GB), (64, 1500 * GB),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it names no node"),
        ("4x16cpu", "and memory"),
        ("4x128GB", "at least a core"),
        ("0x1cpu,1GB", "that is no node"),
        ("4x16cpu,128GiB", "kB, MB, GB or TB"),
        ("4x16cpu,fast", "`fast` is no number"),
        ("4x16cpu,8cpu,1GB", "`8cpu` says again"),
        ("99999x1cpu,1GB", "more than 10,000 nodes"),
        ("-1x1cpu,1GB", "is no number"),
    ],
)
def test_what_is_no_node_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        nodes_given([text])
    assert why in refused.value.message
    assert "4x16cpu,128GB,1gpu" in (refused.value.hint or "") or "fewer" in (
        refused.value.hint or ""
    )
