"""What a step really takes: it is done in a fresh process, which says how much it had resident.

    python -m tests.estimate.measured '{"do": "choose", "weights": "…", "dtype": "float32", …}'

The process imports what a worker does and calls what a worker calls, so that its peak is a
worker's peak.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.runner.child import environment

KNOWN_IDS = 4000
"""Ids are drawn from so many, which every model here has."""


@dataclass(frozen=True)
class Peak:
    """Most that a process had resident, in bytes: until its model was loaded, and at all."""

    loaded: int
    whole: int


def measure(do: str, **given: Any) -> Peak:
    """Does one thing in a process of its own, on one thread.

    Args:
        do: the name of a function below.
        given: its arguments.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run(
        ["nice", sys.executable, "-m", "tests.estimate.measured", json.dumps({"do": do, **given})],
        env=environment(threads=1, alone=False, network=False),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Peak(**json.loads(done.stdout.splitlines()[-1]))


def _peak() -> int:
    """Most that this process had resident since it began to run this program.

    `getrusage` would tell the parent's peak where that is larger: it survives fork and exec.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def _ids(generator: random.Random, count: int) -> tuple[int, ...]:
    return tuple(generator.randrange(5, KNOWN_IDS) for _ in range(count))


def _ask(do: str, prompts: int, prompt_tokens: int, new_tokens: int = 0, **spec: Any) -> int:
    """Loads an engine, asks it, and gives the peak at loading."""
    from harness.engines import open_engine
    from harness.engines.protocol import ChoiceQuestion, EngineSpec, Limits

    engine = open_engine(EngineSpec(**spec, threads=1))
    loaded, generator = _peak(), random.Random(0)
    asked = [_ids(generator, prompt_tokens) for _ in range(prompts)]
    if do == "choose":
        choices = tuple((n,) for n in range(7, 10))
        answers = list(engine.choose([ChoiceQuestion(ids, choices) for ids in asked]))
    elif do == "generate":
        answers = list(engine.generate(asked, Limits(new_tokens)))  # type: ignore[arg-type]
    else:
        for ids in asked:
            for block in engine.distributions(ids):
                assert block.shape[1] == engine.info.vocab_size
        answers = asked  # type: ignore[assignment]
    assert len(answers) == prompts
    return loaded


def _finetune(
    weights: str,
    examples: int,
    prompt_tokens: int,
    target_tokens: int,
    adapter: str = "",
    **recipe: Any,
) -> int:
    """Some steps of a fine-tuning."""
    from harness.models.finetune.recipe import Recipe
    from harness.models.finetune.run import finetune

    generator = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "examples.jsonl"
        rows.write_text(
            "".join(
                json.dumps(
                    {
                        "prompt_ids": _ids(generator, prompt_tokens),
                        "target_ids": _ids(generator, target_tokens),
                    }
                )
                + "\n"
                for _ in range(examples)
            )
        )
        out = Path(adapter or folder) / "adapter"
        finetune(Path(weights), rows, Recipe(epochs=1, **recipe), out, lambda *_: None, 1)
    return 0


def _merge(weights: str, adapter: str, base_precision: Any) -> int:
    from harness.models.merge.merge import merge

    with tempfile.TemporaryDirectory() as folder:
        merge(Path(weights), Path(adapter), Path(folder), base_precision)
    return 0


def _merge_check(weights: str, adapter: str, merged: str, prompt_tokens: int, prompts: int) -> int:
    from harness.models.parity.conversion import ParityPrompt
    from harness.models.parity.merge import check_merge

    generator = random.Random(0)
    ids = [list(_ids(generator, prompt_tokens)) for _ in range(prompts)]
    asked = [ParityPrompt(None, each, len(each)) for each in ids]
    check_merge(Path(weights), Path(adapter), Path(merged), asked, "full")
    return 0


def _conversion_check(weights: str, gguf: str, prompt_tokens: int, prompts: int) -> int:
    from harness.models.parity.conversion import check_parity

    generator = random.Random(0)
    ids = [list(_ids(generator, prompt_tokens)) for _ in range(prompts)]
    rows = [{"text": None, "ids": each, "run": len(each)} for each in ids]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prompts.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        check_parity(Path(weights), Path(gguf), file, Path(folder) / "parity.json")
    return 0


def _convert(weights: str) -> int:
    """The converter is a process of its own: what counts is its peak."""
    from harness.models.gguf.convert import convert

    with tempfile.TemporaryDirectory() as folder:
        convert(Path(weights), Path(folder) / "model.gguf")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _quantize(gguf: str, kind: str) -> int:
    from harness.models.gguf.quantize import quantize

    with tempfile.TemporaryDirectory() as folder:
        quantize(Path(gguf), Path(folder) / "model.gguf", kind, 1)
    return 0


def main() -> None:
    """Does what the argument says and prints a `Peak`."""
    import harness.runner.step_runner  # noqa: F401  (what a worker begins with)

    given = json.loads(sys.argv[1])
    do = given.pop("do")
    if do in ("choose", "generate", "distributions"):
        loaded = _ask(do, **given)
    else:
        steps: dict[str, Callable[..., int]] = {
            "finetune": _finetune,
            "merge": _merge,
            "merge-check": _merge_check,
            "conversion-check": _conversion_check,
            "convert": _convert,
            "quantize": _quantize,
        }
        loaded = steps[do](**given)
    print(json.dumps({"loaded": loaded, "whole": max(loaded, _peak())}))


if __name__ == "__main__":
    main()
