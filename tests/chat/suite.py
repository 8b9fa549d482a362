"""A small suite that was really run: the starter twice, in bfloat16 and in float32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet

SUITE = """\
name: small
description: The starter at two precisions.
defaults: {limit: 6}
models:
  base: {source: starter, dtype: bfloat16}
  fine: {source: starter, dtype: float32}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 12}
compare:
  precision: {baseline: base, candidates: [fine]}
"""


@dataclass(frozen=True)
class Ran:
    """Where it stands."""

    suite: Path
    results: Path
    home: Path


def run_small(folder: Path) -> Ran:
    """Runs it there."""
    suite = folder / "small.yaml"
    suite.write_text(SUITE)
    options = Options(results=folder / "results", home=folder / "home")
    run(prepare(suite, options), options, Quiet(), ["harness run small.yaml"])
    return Ran(suite, folder / "results" / "small", folder / "home")
