"""TRL trained on what a fine-tuning of `suites/finetune-real.yaml` learned, batch for batch:

    python -m tests.benchmarks.real_trl BASE EXAMPLES OUT [--turned]

BASE is the Transformers folder, EXAMPLES the `examples.jsonl` of the step "encode what … learns" in
`$HARNESS_HOME/artifacts/examples/`, OUT a folder for TRL's adapter, which a suite then takes as
`{from: smollm2, adapter: OUT}`. The losses of its steps are written beside it. One thread, float32. With --turned the examples of each batch
stand in the other order: the same numbers added in another order, which shows how far rounding alone parts two curves.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.places import PEER_TRL
from tests.benchmarks.ring import OFFLINE
from tests.benchmarks.servers import Server
from tests.benchmarks.training import PLAIN
from tests.benchmarks.training_server import begin

RATE = 1e-3
RECIPE = {
    "rank": 16, "epochs": 1.0, "learning_rate": RATE, "schedule": "linear", "warmup_ratio": 0.0,
    "batch_tokens": 512, "validation": 0, "dtype": "float32",
}  # fmt: skip
"""What the suite says."""


def train(base: Path, examples: Path, out: Path, turned: bool) -> Path:
    """The file of the losses, beside the adapter that TRL wrote to `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    server = Server(
        [str(PEER_TRL / "bin" / "python"), "-m", "tests.benchmarks.peers.trl_server"],
        out.with_name(f"{out.name}.log"),
        {"OMP_NUM_THREADS": "1", **OFFLINE},
    )
    with tempfile.TemporaryDirectory() as beginning:
        begun = begin(str(base), str(examples), RECIPE, beginning)
        made = server.ask(
            "run",
            weights=str(base),
            examples=str(examples),
            settings=PLAIN | {"learning_rate": RATE, "max_length": None},
            threads=1,
            beginning=beginning,
            batches=[batch[::-1] for batch in begun["batches"]] if turned else begun["batches"],
            out=str(out),
        )
    server.close()
    file = out.with_name(f"{out.name}.json")
    file.write_text(json.dumps(made))
    return file


if __name__ == "__main__":
    base, examples, out = (Path(given).resolve() for given in sys.argv[1:4])
    print(train(base, examples, out, "--turned" in sys.argv[4:]))
