"""Many processes that want the same artifacts at the same time: each is made once, whole, by one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.results.artifacts import half_made

PROCESSES = 8
PROGRAM = """
import hashlib, os, random, sys
from pathlib import Path
from harness.plan.params import GgufParams
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore

home, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store, draw = ArtifactStore(home), random.Random(seed)
made = os.open(home / "made", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in range(rounds):
    key = hashlib.sha256(b"%d" % number).hexdigest()
    step = Step(key, "quantize", f"step {number}", GgufParams(type="Q8_0"), {})
    with store.making(step, "testing") as out:
        if out is not None:
            os.write(made, b"%d\\n" % number)
            for part in range(3):
                (out / f"part-{part}").write_bytes(draw.randbytes(20_000))
            store.commit(step, out, {"by": seed}, 1.0)
    found = store.manifest(step, thoroughly=True)
    assert found is not None and len(found.files) == 3, store.damaged.lines()
assert not store.damaged.lines(), store.damaged.lines()
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_of_eight_processes_one_builds_and_the_others_take_what_is_there(
    rounds: int, tmp_path: Path
) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), str(rounds), str(seed)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    for one in running:
        _, said = one.communicate(timeout=600)
        assert one.returncode == 0, said
    made = (tmp_path / "made").read_text().split()
    assert sorted(made, key=int) == [str(number) for number in range(rounds)], "each once"
    assert not list(half_made(tmp_path)), "nothing half-made stays"
