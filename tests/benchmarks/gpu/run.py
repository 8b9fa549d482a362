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
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from harness.data import DATASETS
from harness.engines.tokenizer import open_tokenizer
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.turns import PromptFormat
from tests.benchmarks.gpu.model import SHAPES, write_model
from tests.benchmarks.race import Answer, Contestant, run_race
from tests.benchmarks.servers import Server

NEW_TOKENS = 64
SHOTS = 5
WORK = {"classify": "phrasebank-sample", "summarize": "dialogue-sample"}
BATCH_SIZES = (128, 64, 32, 8)
DEPTH, DECODED = 512, 64


def main() -> None:
    """Runs what the command line says, prints the figures and writes them as JSON."""
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch) / options.shape
        write_model(folder, options.shape, options.device)
        figures: dict[str, Any] = {"options": vars(options)}
        for name, found in measure(options, folder, Path(scratch)):
            figures[name] = found
            print(json.dumps({name: found}, indent=1), flush=True)
            if options.out:
                Path(options.out).write_text(json.dumps(figures, indent=1))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="hf on a GPU against lm-evaluation-harness")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="llama-3.1-8b")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--quantize", choices=["nf4"])
    parser.add_argument("--examples", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", help="where the weights are kept; default: thrown away")
    parser.add_argument("--peer-python", default=sys.executable, help="one that has lm-eval")
    parser.add_argument("--out", help="JSON file to write")
    return parser.parse_args()


def measure(
    options: argparse.Namespace, weights: Path, scratch: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """All figures as they are found, seconds and tokens per second as medians over the rounds.

    A machine that is lent for minutes can be taken back at any time: what was measured by then is
    kept, and what takes long comes last.
    """
    spec = {"weights": str(weights), "device": options.device, "quantize": options.quantize}
    if options.quantize is None:
        spec["dtype"] = options.dtype
    ours = Server(command(sys.executable, "our_server"), scratch / "ours.log", {})
    theirs = Server(
        command(options.peer_python, "peers.lm_eval_server"), scratch / "lm-eval.log", OFFLINE
    )
    yield "engine", ours.ask("load", **spec)
    shape = {"phase": "decode", "tokens": DECODED, "depth": DEPTH, "repetitions": options.rounds}
    yield "decode", ours.ask("time", **shape)
    theirs.ask("load", **{**spec, "dtype": options.dtype, "threads": 0})
    for kind in WORK:
        prompts = write_prompts(kind, weights, scratch / kind, options.examples)
        request = {"prompts": str(prompts), "new_tokens": NEW_TOKENS}
        yield kind, compare(ours, theirs, request, weights, options)
    ours.close()
    theirs.close()


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
        tokenizer, info.read(), info.phrasing, examples, 0, shots, PromptFormat(plain=True)
    )
    made.write(folder)
    return folder


def compare(
    ours: Server, theirs: Server, request: Answer, weights: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Both sides on one prompt set; lm-evaluation-harness at its best batch size."""
    part = min(options.examples, max(BATCH_SIZES))
    best = best_batch_size(theirs, request, part)

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


def best_batch_size(theirs: Server, request: Answer, part: int) -> int:
    """The largest batch that a smaller one does not beat; one at a time would take minutes."""
    best, least = part, float("inf")
    for size in (size for size in BATCH_SIZES if size <= part):
        seconds = theirs.ask("run", **request, limit=part, batch_size=size)["seconds"]
        if seconds >= least:
            break
        best, least = size, seconds
    return best


if __name__ == "__main__":
    main()
