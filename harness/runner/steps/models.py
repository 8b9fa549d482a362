"""Steps that make models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.engines.permissions import Permissions, granted
from harness.finetuning import METHODS
from harness.hub.records import RepoType
from harness.plan.params import (
    FetchParams,
    FinetuneParams,
    GgufParams,
    MergeParams,
    RandomParams,
)
from harness.runner.jobs import Pace, Progress, StepJob
from harness.runner.threads import threads_for


def fetch(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """Files from the Hub, in the Hub's own cache."""
    from harness.hub.client import (
        fetch,
        plan_adapter,
        plan_file,
        plan_metric,
        plan_model,
        resolve,
    )
    from harness.models.adapters import check_adapter
    from harness.models.sources import check_model_folder

    params = job.step.given(FetchParams)
    allowed = Permissions(**params.permissions)
    home = Path(job.home)
    kind: RepoType = "space" if params.what == "metric" else "model"
    commit = params.commit
    if not commit:
        commit = resolve(params.repo, params.revision, home, repo_type=kind)
    if params.what == "gguf":
        download = plan_file(params.file, commit, home)
    elif params.what == "metric":
        download = plan_metric(params.repo, commit, home)
    elif params.what == "adapter":
        download = plan_adapter(params.repo, commit, home, pickle=allowed.pickle)
    else:
        download = plan_model(params.repo, commit, home, pickle=allowed.pickle, code=allowed.code)
    megabytes = 1_000_000
    place = fetch(
        download, lambda done, total: progress(done // megabytes, total // megabytes, "MB")
    )
    if params.what == "weights":
        with granted({place: allowed}):
            check_model_folder(place)
    elif params.what == "adapter":
        check_adapter(place)
    return {"path": str(place), "commit": commit, "bytes": download.total_bytes}


def random(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """A model with random weights."""
    from harness.models.random_weights import write_random_model
    from harness.models.shapes import configuration

    params = job.step.given(RandomParams)
    config = configuration(params.architecture, params.changed)
    return {"parameters": write_random_model(out, config, params.seed)}


def finetune(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An adapter, or whole weights."""
    from harness.models.finetune.recipe import Recipe
    from harness.models.finetune.run import TrainingProgress
    from harness.models.finetune.schedule import default_learning_rate
    from harness.models.finetune.search import search
    from harness.models.sources import hidden_size

    params = job.step.given(FinetuneParams)
    given = params.recipe()
    weights, examples = Path(job.inputs["weights"]), Path(job.inputs["examples"])
    method = METHODS[given["method"]]
    given.setdefault("learning_rate", default_learning_rate(hidden_size(weights), method))
    threads = threads_for(weights, threads)

    def tell(at: TrainingProgress) -> None:
        figures = {"loss": at.loss}
        if at.validation_loss is not None:
            figures["validation loss"] = at.validation_loss
        pace = Pace(at.examples, at.point.tokens, at.point.seconds, figures)
        progress(at.point.tokens, at.total_tokens, "tokens", pace)

    work = Path(job.work)
    recipes = [Recipe(**{**given, **trial}) for trial in params.trials]
    training = search(
        weights, examples, recipes, params.trials, out, tell, threads, work, params.parts
    )
    return training.model_dump(mode="json")


def merge(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An adapter in its base."""
    from harness.models.merge.merge import merge

    weights, adapter = Path(job.inputs["weights"]), Path(job.inputs["adapter"])
    merge(weights, adapter, out, job.step.given(MergeParams).base_precision)
    return {}


def convert(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """Weights as an F16 GGUF; what the model does not take, llama.cpp's converter may take for its own."""
    from harness.engines.hf.load import check_weights
    from harness.models.gguf.convert import convert

    weights = Path(job.inputs["weights"])
    check_weights(weights)
    convert(weights, out / job.step.row.file)
    return {}


def adapter_gguf(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An adapter as a GGUF, which llama.cpp puts on a model while it runs."""
    from harness.models.gguf.lora import convert_lora

    adapter, weights = Path(job.inputs["adapter"]), Path(job.inputs["weights"])
    convert_lora(adapter, weights, out / job.step.row.file)
    return {}


def quantize(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An F16 GGUF in fewer bits."""
    from harness.models.gguf.quantize import quantize

    target = out / job.step.row.file
    quantize(Path(job.inputs["gguf"]), target, job.step.given(GgufParams).type, threads)
    return {}
