"""Fine-tuning on a GPU: tokens per second, memory, and the share of the card's matrix rate.

    python -m tests.benchmarks.gpu.tune --out OUT.json
    python -m tests.benchmarks.gpu.tune --small     # tries the script on a processor: a tiny model, no meaning

A random Llama 3.1 8B learns random examples of 2,048 tokens, one a step, by LoRA and by QLoRA, each in a process
of its own. The card's rate is what a large square product in bfloat16 reaches there, not what its maker says.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.gpu.model import SHAPES, write_model
from tests.benchmarks.gpu.operations import step_operations
from tests.benchmarks.ring import OFFLINE
from tests.benchmarks.servers import Server

Figures = dict[str, Any]
Trains = Callable[..., Figures]
"""`tests.benchmarks.training_server.run`, in whatever process."""
METHODS = ("lora", "qlora")
WARM = 2
"""Steps that are not timed: libraries choose their routines in the first."""
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes")


@dataclass(frozen=True)
class Work:
    """What is trained, and on what.

    Attributes:
        tokens: of an example, which is a step.
        answer: of these, how many are learned, and so get logits.
        size: rows and columns of the product that tells the card's rate.
    """

    device: str = "cuda"
    shape: str = "llama-3.1-8b"
    dtype: str = "bfloat16"
    tokens: int = 2048
    answer: int = 512
    steps: int = 20
    size: int = 8192
    rank: int = 16
    checkpointing: bool = False


SMALL = Work("cpu", "tiny", "float32", tokens=64, answer=16, steps=5, size=512)


def main() -> int:
    """Measures what the command line says, prints each figure and writes all as JSON; 1 where one could not be had."""
    parser = argparse.ArgumentParser(description="LoRA and QLoRA of a random Llama 3.1 8B")
    parser.add_argument("--small", action="store_true", help="a tiny model on a processor")
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing")
    parser.add_argument("--tokens", type=int, help="of an example; default: 2,048")
    parser.add_argument("--steps", type=int, help="of each training; default: 20")
    parser.add_argument("--folder", help="where the weights are kept; default: thrown away")
    parser.add_argument("--out", help="JSON file to write")
    options = parser.parse_args()
    given = {name: vars(options)[name] for name in ("tokens", "steps", "checkpointing")}
    work = Work(
        **{**vars(SMALL if options.small else Work()), **{k: v for k, v in given.items() if v}}
    )
    with tempfile.TemporaryDirectory() as scratch:
        figures: Figures = {"work": vars(work)}
        weights = Path(options.folder or scratch) / work.shape
        for name, found in measure(
            work, weights, Path(scratch), _in_its_own_process(Path(scratch))
        ):
            figures[name] = found
            print(json.dumps({name: found}, indent=1), flush=True)
            if options.out:
                Path(options.out).write_text(json.dumps(figures, indent=1))
    return int(any("error" in found for found in figures.values()))


def measure(
    work: Work, weights: Path, scratch: Path, train: Trains
) -> Iterator[tuple[str, Figures]]:
    """All figures as they are found: a machine that is lent can be taken back at any time."""
    write_model(weights, work.shape, work.device)
    yield "machine", machine(work)
    rate = matrix_rate(work)
    yield "matrix_rate", {"operations_per_second": rate}
    examples = write_examples(scratch / "examples.jsonl", work)
    for method in METHODS:
        recipe = {
            "method": method, "rank": work.rank, "batch_tokens": work.tokens, "epochs": 1.0, "validation": 0,
            "dtype": work.dtype, "gradient_checkpointing": work.checkpointing,
        }  # fmt: skip
        try:
            made = train(weights=str(weights), examples=str(examples), recipe=recipe)
        except RuntimeError as error:
            yield method, {"error": str(error)}
            continue
        yield method, figures_of(made, work, rate)


def figures_of(made: Figures, work: Work, rate: float) -> Figures:
    """Of one training, from what each step reached."""
    seconds = [at for _, at in made["reached"]]
    each = [after - before for before, after in itertools.pairwise(seconds)]
    step = median(each[WARM - 1 :])
    operations = step_operations(SHAPES[work.shape], work.tokens, work.answer, work.rank)
    done = operations.total + (operations.again if work.checkpointing else 0)
    return {
        "tokens_per_second": work.tokens / step,
        "seconds_per_step": step,
        "timed_steps": len(each[WARM - 1 :]),
        "operations_per_step": operations.total,
        "share_of_matrix_rate": operations.total / step / rate,
        "share_with_recomputation": done / step / rate,
        "trained_parameters": made["trained"],
        "optimizer": made["optimizer"],
        "peak_bytes": made["memory"],
        "losses": [made["losses"][0], made["losses"][-1]],
    }


def matrix_rate(work: Work, products: int = 20) -> float:
    """Operations per second of a square product, the median of several."""
    import torch

    left, right = (
        torch.randn(work.size, work.size, device=work.device).to(getattr(torch, work.dtype))
        for _ in range(2)
    )
    taken = []
    for _ in range(products):
        _wait(work)
        began = time.perf_counter()
        left @ right
        _wait(work)
        taken.append(time.perf_counter() - began)
    del left, right
    if work.device == "cuda":
        torch.cuda.empty_cache()
    return 2.0 * work.size**3 / median(taken[products // 4 :])


def machine(work: Work) -> Figures:
    """What it is measured on, and with which versions."""
    import torch

    name = torch.cuda.get_device_name() if work.device == "cuda" else "a processor"
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return {"device": name, "packages": found}


def write_examples(file: Path, work: Work) -> Path:
    """Random ids, which every vocabulary here holds; each example as long as the others."""
    drawn = random.Random(0)
    rows = []
    for _ in range(work.steps):
        ids = [drawn.randrange(5, 4000) for _ in range(work.tokens)]
        rows.append({"prompt_ids": ids[: -work.answer], "target_ids": ids[-work.answer :]})
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def _in_its_own_process(logs: Path) -> Trains:
    """So that the memory of one method is not another's."""

    def train(**given: Any) -> Figures:
        name = f"tune-{given['recipe']['method']}.log"
        server = Server(
            [sys.executable, "-m", "tests.benchmarks.training_server"], logs / name, OFFLINE
        )
        try:
            return server.ask("run", **given)
        finally:
            server.close()

    return train


def _wait(work: Work) -> None:
    if work.device == "cuda":
        import torch

        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
