"""Steps that check whether a model is what it should be; what they find is in `outcome`.

`checks` there are `harness.records.Check` records without a model's name: models that are made
alike share the step, and the summary says which they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import BadDataError, BadModelError
from harness.plan.params import CheckParams, MergeParityParams, ParityParams
from harness.records import Check, Parity
from harness.results.artifacts import MISSING
from harness.runner.jobs import Progress, StepJob

if TYPE_CHECKING:
    from harness.tasks.prompts import PromptSet


def prompts(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What is asked, as the model's own tokenizer and (where there is one) its GGUF's read it."""
    from harness.engines.tokenizer import open_tokenizer
    from harness.models.parity.prompts import TaskPrompts, check_bos, check_gguf_prompts
    from harness.runner.steps.examples import chat_settings

    sets = dict(_prompt_sets(job))
    asked = [TaskPrompts(name, found.prompts, found.mode == "chat") for name, found in sets.items()]
    chat = chat_settings(job, job.step.given(CheckParams).chat)
    own = chat is not None and chat.template is not None
    source = open_tokenizer(Path(job.inputs["tokenizer"]), chat)
    if "gguf" in job.inputs:
        gguf = open_tokenizer(Path(job.inputs["gguf"]))
        checks = check_gguf_prompts(source, gguf, asked, own_template=own)
    else:
        checks = [check_bos(source, asked)]
    return {"checks": [check.model_dump(mode="json") for check in checks], **_missing(job)}


def conversion(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An F16 GGUF against the weights it was converted from."""
    from harness.models.parity.conversion import check_parity

    weights, gguf = Path(job.inputs["weights"]), Path(job.inputs["gguf"])
    try:
        found = check_parity(weights, gguf, _write_prompts(job, out), out / "parity.json")
    except BadModelError as error:
        return _not_compared("conversion", "a GGUF could not be held against its weights", error)
    hint = "The figures of this GGUF are of another model: convert with another llama.cpp."
    against = job.step.given(ParityParams).against
    return _outcome(against, "conversion", found, "failed", hint) | _missing(job)


def merge(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """Merged weights against base and adapter."""
    import torch

    from harness.models.parity.conversion import read_prompts
    from harness.models.parity.merge import check_merge

    torch.set_num_threads(threads)
    base, adapter, merged = (Path(job.inputs[r]) for r in ("weights", "adapter", "merged"))
    asked = read_prompts(_write_prompts(job, out))
    params = job.step.given(MergeParityParams)
    try:
        found = check_merge(base, adapter, merged, asked, params.trained_on)
    except BadModelError as error:
        return _not_compared("merge", "merged weights could not be held against their parts", error)
    wanted = params.base_precision == "full" and params.trained_on == "nf4"
    if wanted and found.cause is not None and found.cause.name == "full-base":
        hint = "This is what `merge: full` asks for; `merge: dequantized` merges into these values."
        return _outcome(params.against, "merge", found.parity, "allowed", hint) | _missing(job)
    hint = "Figures of the merged model are not those of the fine-tuning: merge again."
    return _outcome(params.against, "merge", found.parity, "failed", hint) | _missing(job)


def _outcome(against: str, name: str, found: Parity, otherwise: str, hint: str) -> dict[str, Any]:
    """The record and the finding; `otherwise` is its status where it did not pass."""
    figures = {} if not found.tokens else found.model_dump(include={
        "prompts", "tokens", "max_logprob_difference", "mean_logprob_difference", "mean_kl",
        "top1_agreement",
    })  # fmt: skip
    check = Check.model_validate(
        {"name": name, "model": "", "status": "passed" if found.passed else otherwise,
         "message": found.reason, "hint": "" if found.passed else hint, "figures": figures}
    )  # fmt: skip
    parity = {**found.model_dump(mode="json"), "against": against}
    return {"parity": parity, "checks": [check.model_dump(mode="json")]}


def _not_compared(name: str, what: str, error: BadModelError) -> dict[str, Any]:
    """The finding where one of the two models is no model: the other was made from it."""
    check = Check.model_validate(
        {"name": name, "model": "", "status": "failed", "message": f"{what}: {error.message}",
         "hint": error.hint}
    )  # fmt: skip
    return {"checks": [check.model_dump(mode="json")]}


def _prompt_sets(job: StepJob) -> Iterator[tuple[str, PromptSet]]:
    """What each task asks, by the task's name."""
    from harness.tasks.prompts import PromptSet

    missing = _missing(job).get(MISSING, ())
    asked = [role for role in sorted(job.inputs) if role.startswith("prompts.")]
    if len(missing) == len(asked):
        raise BadDataError("No task's prompts could be made, so that there is nothing to check.")
    for role in asked:
        if role not in missing:
            yield role.removeprefix("prompts."), PromptSet.read(Path(job.inputs[role]))


def _missing(job: StepJob) -> dict[str, list[str]]:
    """The prompts that could not be made, by role; what is found then does not stand for all of them."""
    there = {role: Path(place) / "prompts.json" for role, place in job.inputs.items()}
    lacking = [r for r, file in there.items() if r.startswith("prompts.") and not file.is_file()]
    return {MISSING: lacking} if lacking else {}


def _write_prompts(job: StepJob, out: Path) -> Path:
    """The prompts of each task that are compared on, as a file in `out`."""
    from harness.models.parity.sample import shares

    asked = dict(_prompt_sets(job))
    runs = shares({task: found.prompts for task, found in asked.items()})
    file = out / "prompts.jsonl"
    with file.open("w") as stream:
        for task, found in asked.items():
            for prompt, run in zip(found.prompts, runs[task], strict=False):
                text = prompt.text if found.mode != "text" else None
                stream.write(f"{json.dumps({'text': text, 'ids': prompt.ids, 'run': run})}\n")
    return file
