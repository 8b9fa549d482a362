"""What both sides learn, and who takes part: ours, and TRL's SFTTrainer by its defaults and at its best.

All learn the same examples once, as the same ids, with the same LoRA in float32 and as many optimizer steps. Tokens
are those of the examples; padding counts for nobody.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data import Dataset
from harness.data.datasets import SENTIMENT, SUMMARY
from harness.engines.tokenizer import open_tokenizer
from harness.runner.child import SPIN_COUNT
from harness.tasks.prompting import prompts_to_learn
from tests.benchmarks.model import SHAPE, write_weights
from tests.benchmarks.places import CACHE, PEER_TRL
from tests.benchmarks.questions import phrasebank, samsum
from tests.benchmarks.race import Answer, Contestant
from tests.benchmarks.ring import OFFLINE, THREADS, environment
from tests.benchmarks.servers import Server
from tests.benchmarks.targets import TRL_BEST, TRL_DEFAULTS, TUNED

EXAMPLES = {"phrasebank": 48, "samsum": 8}
"""How many of each are learned in a lap."""
A_STEP = 8
"""Examples of a step: TRL's default; ours takes as many tokens as make the same number of steps."""
PARTS = int(os.environ.get("PARTS", "1"))
"""Parts that a step is computed in, by both sides: 8 dialogues at once take TRL 8 to 11 GB, two some 3."""
RANK = 16
LORA = {"r": RANK, "lora_alpha": 2 * RANK, "lora_dropout": 0.0, "target_modules": "all-linear"}
RECIPE = {"rank": RANK, "epochs": 1.0, "validation": 0, "dtype": "float32", "accumulate": PARTS}
IN_PARTS: dict[str, Any] = (
    {"per_device_train_batch_size": A_STEP // PARTS, "gradient_accumulation_steps": PARTS}
    if PARTS > 1
    else {}
)
PLAIN: dict[str, Any] = {"gradient_checkpointing": False, "logging_strategy": "no"}
SETTINGS: Mapping[str, dict[str, Any]] = {
    "by length": PLAIN | {"train_sampling_strategy": "group_by_length"},
    "padding-free": PLAIN | {"padding_free": True, "max_length": None},
    "packed": PLAIN | {"packing": True, "per_device_train_batch_size": 1},
}
"""What TRL offers to be faster on a processor; the best of them is found before the race. The loss is on the
answers alone in all of them; its output head scores every position where there is no Triton (`add_fused_lm_head`)."""


def weights() -> Path:
    """The random llama-160m, made where it is not there yet."""
    place = CACHE / "models" / "llama-160m-weights"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            made = Path(scratch) / "made"
            write_weights(made, SHAPE)
            made.rename(place)
    return place


def examples(kind: str, count: int) -> Path:
    """The file of the examples of a kind, as the harness would learn them."""
    data, phrasing = (phrasebank(), SENTIMENT) if kind == "phrasebank" else (samsum(), SUMMARY)
    train = Dataset(data.train or data.test, (), data.labels)
    prompts = prompts_to_learn(open_tokenizer(weights()), train, phrasing, count, 0)
    rows = [{"prompt_ids": list(p.ids), "target_ids": list(p.target_ids)} for p in prompts]
    file = CACHE / f"learned-{kind}-{count}.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def our_server() -> Server:
    """A process with our fine-tuning, in a worker's environment."""
    command = [sys.executable, "-m", "tests.benchmarks.training_server"]
    return Server(command, CACHE / "logs" / "training-ours.log", environment())


def trl_server(name: str) -> Server:
    """A process with TRL, whose threads wait for each other as ours do: else a busy machine's processors spin for it."""
    command = [str(PEER_TRL / "bin" / "python"), "-m", "tests.benchmarks.peers.trl_server"]
    return Server(
        command,
        CACHE / "logs" / f"training-{name}.log",
        {"OMP_NUM_THREADS": str(THREADS), "GOMP_SPINCOUNT": str(SPIN_COUNT), **OFFLINE},
    )


class TrainingRing:
    """A process for each of the contestants."""

    def __init__(self) -> None:
        self.servers = {TUNED: our_server()}
        self.servers |= {name: trl_server(name.split()[-1]) for name in (TRL_DEFAULTS, TRL_BEST)}

    def contestants(self, kind: str, rounds: int) -> Sequence[Contestant]:
        """Those who learn the examples of a kind."""
        count = EXAMPLES[kind]
        given: dict[str, Any] = {
            "weights": str(weights()),
            "examples": str(examples(kind, count)),
            "threads": THREADS,
        }
        best: dict[str, Any] = {}

        def ours(limit: int | None = None) -> Answer:
            steps = (limit or count) // A_STEP
            return self.servers[TUNED].ask("run", **given, recipe=RECIPE, steps=steps, limit=limit)

        def defaults(limit: int | None = None) -> Answer:
            return self.servers[TRL_DEFAULTS].ask(
                "run", **given, settings=IN_PARTS, lora=LORA, limit=limit
            )

        def tuned() -> Answer:
            return self.servers[TRL_BEST].ask("run", **given, settings=best, lora=LORA)

        def warm(lap: Any) -> Answer:
            lap(A_STEP)
            return {}

        def find_best() -> Answer:
            tried: dict[str, float] = {}
            first = IN_PARTS | PLAIN
            self.servers[TRL_BEST].ask("run", **given, settings=first, lora=LORA, limit=A_STEP)
            tokens = _tokens(Path(given["examples"]), count)
            whole = {"max_length": tokens * A_STEP // count // PARTS}
            for name, settings in SETTINGS.items():
                asked = IN_PARTS | settings | (whole if name == "packed" else {})
                made = self.servers[TRL_BEST].ask("run", **given, settings=asked, lora=LORA)
                tried[name] = made["tokens_per_second"]
                if tried[name] == max(tried.values()):
                    best.clear()
                    best.update(asked)
            return {"settings": {name: round(rate) for name, rate in tried.items()}}

        return [
            Contestant(TUNED, ours, rounds, lambda: warm(ours)),
            Contestant(TRL_DEFAULTS, defaults, rounds, lambda: warm(defaults)),
            Contestant(TRL_BEST, tuned, rounds, find_best),
        ]

    def close(self) -> None:
        """Ends all processes."""
        for server in self.servers.values():
            server.close()


def _tokens(file: Path, count: int) -> int:
    rows = [json.loads(line) for line in file.read_text().splitlines()[:count]]
    return sum(len(row["prompt_ids"]) + len(row["target_ids"]) for row in rows)
