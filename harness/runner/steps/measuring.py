"""Steps that measure what a figure has to be held against."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from harness.plan.cell_params import PrecisionParams
from harness.runner.jobs import Progress, StepJob


def precision(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What rounding to 16 bits alone changes in a reference, on a divergence task's documents.

    KL(float32 || 16 bits): Transformers in float32 against the F16 GGUF made from the same weights,
    or against the same weights in bfloat16 or float16.
    """
    from harness.analysis.metrics import compute_metrics
    from harness.engines import open_engine
    from harness.engines.on_ids import OnIds
    from harness.engines.tokenizer import open_tokenizer
    from harness.metrics.divergence import OF_PAIR
    from harness.runner.engine_files import engine_spec
    from harness.suite.schema import DivergenceTask
    from harness.tasks.ask import ask
    from harness.tasks.asking import Asking
    from harness.tasks.prompts import PromptSet

    params, prompts = job.step.given(PrecisionParams), PromptSet.read(Path(job.inputs["prompts"]))
    tokenizer = partial(open_tokenizer, Path(job.inputs["weights"]))
    asked = DivergenceTask(type="divergence", text="prompts", reference="reference")
    exact = open_engine(engine_spec("", job.inputs, params.exact, threads))
    try:
        rounded = open_engine(engine_spec("reference.", job.inputs, params.sixteen, threads))
        try:
            candidate, reference = OnIds(rounded, tokenizer), OnIds(exact, tokenizer)
            asking = Asking(job.step.key, candidate, prompts, reference=reference)
            samples = []
            for sample in ask(asked, asking):
                samples.append(sample)
                progress(len(samples), len(prompts.prompts), "examples")
        finally:
            rounded.close()
    finally:
        exact.close()
    found = compute_metrics(OF_PAIR, samples, params.seed)
    return {
        "exact": f"{exact.info.engine} {exact.info.dtype}",
        "sixteen": f"{rounded.info.engine} {rounded.info.dtype}",
        "n": len(samples),
        "metrics": {name: value.model_dump() for name, value in found.items()},
    }
