"""The quickstart on two nodes of Ray with a core each, against the same suite on this machine with two jobs.

    python -m tests.benchmarks.quickstart_on_ray FOLDER [--home HOME] [OPTION …]

runs suites/quickstart.yaml both ways, each from an empty home, or from a copy of one whose fine-tunings count, with further
options of `harness run` (`--limit 5`), holds the two summaries against each other field by
field, timings aside, and prints what each took by the clock and of processors. Ray's start is not counted: the nodes
are up before. By the clock a figure says something on an idle machine alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.took import Took, run
from tests.executors.simulated import cluster_of, differences
from tests.soak.runs import ROOT

SUITE = ROOT / "suites" / "quickstart.yaml"
NODE_BYTES = 4 * 10**9


def race(place: Path, home: Path | None = None, words: Sequence[str] = ()) -> tuple[Took, Took]:
    """Here, and on Ray; the summaries are held to be the same."""
    here = run(SUITE, place / "here", home, "--jobs", "2", *words)
    with cluster_of(2, memory=NODE_BYTES) as cluster:
        on = ("--executor", "ray", "--address", cluster.address)
        there = run(SUITE, place / "there", home, *on, *words)
    found = list(differences(here.summary, there.summary))
    assert not found, "\n".join(found)
    return here, there


def told(here: Took, there: Took) -> str:
    """What `race` found, in words."""
    return (
        f"here {here.seconds:.0f} s ({here.processor:.0f} s of processors), on two nodes {there.seconds:.0f} s "
        f"({there.processor:.0f} s): {there.seconds / here.seconds:.2f} times by the clock, "
        f"{there.processor / here.processor:.2f} times of processors; {len(here.summary['cells'])} cells, the same summary"
    )


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("folder", type=Path)
    reader.add_argument("--home", type=Path)
    given, options = reader.parse_known_args()
    print(told(*race(given.folder, given.home, options)))
