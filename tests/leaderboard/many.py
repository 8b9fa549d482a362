"""Many runs of many models on many tasks, written as a lab would have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.leaderboard.made import Run

TYPES = ({"type": "classify"}, {"type": "summarize"})
DATA = ("phrasebank-sample", "dialogue-sample")


def write_many(
    root: Path, models: int, tasks: int, examples: int, together: int = 10, samples: bool = True
) -> Path:
    """Writes runs of `together` models each, all asked the same tasks; gives their folder.

    Models are of every strength, and agree where an example is hard.
    """
    asked = {f"task-{n:02d}": {**TYPES[n % 2], "dataset": DATA[n % 2]} for n in range(tasks)}
    rng = np.random.default_rng(0)
    hard = {name: rng.normal(0, 1, examples) for name in asked}
    for first in range(0, models, together):
        scores, entries = {}, {}
        for number in range(first, min(models, first + together)):
            name = f"model-{number:04d}"
            entries[name] = {"source": f"org/{name}"}
            strength = rng.normal(0.5, 0.5)
            for task, of in asked.items():
                chance = 1 / (1 + np.exp(hard[task] - strength))
                right = rng.random(examples) < chance
                scores[name, task] = right.astype(float) if of["type"] == "classify" else chance
        day = f"2026-{1 + first // together % 12:02d}-{1 + first // together % 28:02d}"
        run = Run(
            scores,
            entries,
            asked,
            created=f"{day}T10:00:00+00:00",
            name=f"run-{first:04d}",
            samples=samples,
            datasets={task: f"data of {task}" for task in asked},
        )
        run.write(root / f"run-{first:04d}")
    return root
