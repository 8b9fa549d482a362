"""The `hf` engine on a GPU, against lm-evaluation-harness and against the memory's bandwidth.

    python -m tests.benchmarks.gpu.run --out OUT.json
    python -m tests.benchmarks.gpu.run --quantize nf4 --out OUT.json
    python -m tests.benchmarks.gpu.run --device cpu --shape tiny --examples 8   # tries the script

Classification and summarization of the sample data by a random model; both sides stay loaded in
processes of their own and take turns. Decode speed is held against the bytes that each token has to
read over the bandwidth that this device reaches.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from harness.data import DATASETS
from harness.engines.tokenizer import open_tokenizer
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.turns import Way
from tests.benchmarks.gpu.model import SHAPES, write_model
from tests.benchmarks.race import Answer, Contestant, run_race
from tests.benchmarks.servers import Server

NEW_TOKENS = 64
SHOTS = 5
WORK = {"classify": "phrasebank-sample", "summarize": "dialogue-sample"}
BATCH_SIZES = (1, 8, 32, 64, 128)
DEPTH, DECODED = 512, 64


def main() -> None:
    """Runs what the command line says, prints the figures and writes them as JSON."""
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch) / options.shape
        write_model(folder, options.shape, options.device)
        figures = measure(options, folder, Path(scratch))
    text = json.dumps(figures, indent=1)
    print(text)
    if options.out:
        Path(options.out).write_text(text)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="hf on a GPU against lm-evaluation-harness")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="llama-3.1-8b")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--quantize", choices=["nf4"])
    parser.add_argument("--examples", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the weights are kept; default: thrown away")
    parser.add_argument("--peer-python", default=sys.executable, help="one that has lm-eval")
    parser.add_argument("--out", help="JSON file to write")
    return parser.parse_args()


def measure(options: argparse.Namespace, weights: Path, scratch: Path) -> dict[str, Any]:
    """All figures, seconds and tokens per second as medians over the rounds."""
    spec = {"weights": str(weights), "device": options.device, "quantize": options.quantize}
    if options.quantize is None:
        spec["dtype"] = options.dtype
    ours = Server(command(sys.executable, "our_server"), scratch / "ours.log", {})
    theirs = Server(
        command(options.peer_python, "peers.lm_eval_server"), scratch / "lm-eval.log", OFFLINE
    )
    figures: dict[str, Any] = {"options": vars(options), "engine": ours.ask("load", **spec)}
    theirs.ask("load", **{**spec, "dtype": options.dtype, "threads": 0})
    for kind in WORK:
        prompts = write_prompts(kind, weights, scratch / kind, options.examples)
        request = {"prompts": str(prompts), "new_tokens": NEW_TOKENS}
        figures[kind] = compare(ours, theirs, request, weights, options)
    shape = {"phase": "decode", "tokens": DECODED, "depth": DEPTH, "repetitions": options.rounds}
    figures["decode"] = ours.ask("time", **shape)
    ours.close()
    theirs.close()
    return figures


OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def command(python: str, module: str) -> list[str]:
    """How a server is started."""
    return [python, "-m", f"tests.benchmarks.{module}"]


def write_prompts(kind: str, weights: Path, folder: Path, examples: int) -> Path:
    """The prompt set of a kind of task, from the sample data."""
    info = DATASETS[WORK[kind]]
    shots = SHOTS if kind == "classify" else 0
    folder.mkdir(parents=True)
    tokenizer = open_tokenizer(weights)
    made = prompts_to_ask(
        tokenizer, info.read(), info.phrasing, examples, 0, shots, Way(plain=True)
    )
    made.write(folder)
    return folder


def compare(
    ours: Server, theirs: Server, request: Answer, weights: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Both sides on one prompt set; lm-evaluation-harness at its best batch size."""
    part = min(options.examples, max(BATCH_SIZES))
    tried = {
        size: theirs.ask("run", **request, limit=part, batch_size=size)["seconds"]
        for size in BATCH_SIZES
        if size <= part
    }
    best = min(tried, key=tried.__getitem__)

    def our_lap(limit: int | None = None) -> Answer:
        mine: Answer = {"work": {}, "weights": str(weights), "limit": limit, "prompting": False}
        return ours.ask("run", **request, **mine)

    def their_lap() -> Answer:
        return theirs.ask("run", **request, limit=None, batch_size=best)

    laps = run_race(
        [
            Contestant("lm-eval", their_lap, options.rounds),
            Contestant("ours", our_lap, options.rounds, lambda: our_lap(limit=part)),
        ]
    )
    seconds = {name: median(one.seconds) for name, one in laps.items()}
    return {
        "seconds": seconds,
        "ratio": seconds["lm-eval"] / seconds["ours"],
        "lm_eval_batch_size": best,
        "laps": {name: list(one.answers) for name, one in laps.items()},
    }


if __name__ == "__main__":
    main()
