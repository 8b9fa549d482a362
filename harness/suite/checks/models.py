"""Mistakes in the models of a suite: sources that are not there, parents that cannot be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.nearest import nearest
from harness.suite.checks.files import check_certificates, check_folder, check_template
from harness.suite.checks.found import Found, KeyPath
from harness.suite.hub import hub_place
from harness.suite.known import Known
from harness.suite.lineage import ancestry, at_run_time, is_gguf, lender, resolve
from harness.suite.replicas import replicas
from harness.suite.schema import ModelSpec, Shape, SuiteSpec, type_of


def check_model(
    name: str,
    model: ModelSpec,
    spec: SuiteSpec,
    names: Mapping[str, frozenset[str]],
    folder: Path,
    known: Known,
) -> Iterator[Found]:
    at: KeyPath = ("models", name)
    for key in ("source", "gguf", "adapter"):
        if getattr(model, key) == "":
            yield (*at, key), "this text is empty", "Name a folder, a file, or a repo on the Hub."
            return
    if isinstance(model.source, Shape):
        if model.source.architecture not in known.architectures:
            hint = nearest(model.source.architecture, known.architectures)
            message = f"unknown architecture `{model.source.architecture}`"
            yield (*at, "source", "architecture"), message, hint
    elif (
        model.source is not None
        and model.source not in known.sources
        and hub_place("weights", model.source, None, folder) is None
    ):
        yield from check_folder((*at, "source"), model.source, folder, known.sources)
    lent = lender(spec.models, name)
    if lent is not None:
        yield from _check_lender((*at, "adapter"), lent, spec.models, name)
    elif model.adapter is not None and hub_place("adapter", model.adapter, None, folder) is None:
        yield from check_folder((*at, "adapter"), model.adapter, folder, ())
    if model.template_file is not None:
        yield from check_template((*at, "chat_template"), resolve(model.template_file, folder))
    if model.endpoint is not None and model.endpoint.authorities is not None:
        path = resolve(model.endpoint.authorities, folder)
        yield from check_certificates((*at, "endpoint", "authorities"), path)
    if model.from_ is None:
        on_hub = model.gguf is not None and hub_place("gguf", model.gguf, None, folder)
        if model.gguf is not None and not on_hub and not resolve(model.gguf, folder).is_file():
            hint = "Paths start from the suite's folder. With `from`, `gguf` is a type like Q8_0."
            yield (*at, "gguf"), f"there is no file {resolve(model.gguf, folder)}", hint
        return
    if model.gguf is not None and model.gguf not in known.gguf_types:
        hint = nearest(model.gguf, known.gguf_types)
        yield (*at, "gguf"), f"unknown GGUF type `{model.gguf}`", hint
    for replica in replicas(spec.models, name).values():
        if replica != name and replica in names["models"]:
            message = f"`seeds` makes a model `{replica}`, and there is one already"
            yield (*at, "finetune", "seeds"), message, "Give one of them another name."
    if model.finetune is not None:
        yield from _check_finetune((*at, "finetune", "tasks"), model.finetune.tasks, spec, names)
        for index, file in enumerate(model.finetune.instructions or ()):
            if isinstance(file, str) and not resolve(file, folder).is_file():
                message = f"there is no file {resolve(file, folder)}"
                place = (*at, "finetune", "instructions", index)
                yield place, message, "Paths start from the suite's folder."
    parent = spec.models.get(model.from_)
    if model.serve is not None and parent is not None:
        yield from _check_serve(at, model, parent)
    if model.from_ not in names["models"]:
        hint = nearest(model.from_, names["models"] - {name})
        yield (*at, "from"), f"there is no model `{model.from_}`", hint
    elif parent is not None and (parent.endpoint is not None or parent.serve is not None):
        hint = "Name a model whose files are here."
        yield (*at, "from"), f"`{model.from_}` is served, and nothing is made from it", hint
    elif parent is not None:
        chain = ancestry(spec.models, name)
        if spec.models[chain[0]].from_ in chain:
            yield (*at, "from"), "this model is made from itself", "Begin with a `source`."
        elif at_run_time(spec.models, name):
            if parent.from_ is None:
                hint = "Make the GGUF from a model of this suite, whose weights name the adapter's layers."
                yield (
                    (*at, "from"),
                    f"`{model.from_}` is a file, and the adapter needs its weights",
                    hint,
                )
        elif at_run_time(spec.models, model.from_):
            message = (
                f"`{model.from_}` has its adapter only while it runs, and nothing is made from it"
            )
            yield (*at, "from"), message, "Name a model that has it in its weights."
        elif is_gguf(parent) and model.serve is None:
            hint = "Name the model that the GGUF was made from."
            yield (*at, "from"), f"`{model.from_}` is a GGUF, and nothing is made from one", hint
        elif parent.quantize is not None:
            hint = "Take the model without `quantize`."
            yield (*at, "from"), f"`{model.from_}` is quantized while loading", hint
        elif model.merge is not None:
            yield from _check_merge(at, model, parent)


def _check_serve(at: KeyPath, model: ModelSpec, parent: ModelSpec) -> Iterator[Found]:
    assert model.serve is not None
    server, takes = model.serve.name, model.serve.takes
    if takes == "gguf" and not is_gguf(parent) and parent.endpoint is None and not parent.serve:
        hint = f"Convert it: {{from: {model.from_}, gguf: F16}}, and serve that."
        yield (*at, "serve"), f"`{server}` takes a GGUF, and `{model.from_}` is none", hint
    if takes == "weights" and is_gguf(parent):
        hint = "Serve the model that the GGUF was made from, or take `llama-cpp`."
        yield (*at, "serve"), f"`{server}` takes weights, and `{model.from_}` is a GGUF", hint
    if parent.chat_template is not None and parent.template_file and model.serve.api == "chat":
        hint = "Take `api: completions`, so that prompts are put through it here."
        yield (*at, "serve"), f"the server does not know the template of `{model.from_}`", hint


def _check_lender(
    at: KeyPath, lent: str, models: Mapping[str, ModelSpec], name: str
) -> Iterator[Found]:
    """What keeps a GGUF from taking the adapter of another model."""
    below = models[name].from_ or ""
    weights = models[below].from_
    if not models[lent].has_adapter or at_run_time(models, lent):
        yield (
            at,
            f"`{lent}` has no adapter of its own",
            "Name a model with `finetune` or `adapter`.",
        )
    elif weights is not None and models[lent].from_ != weights:
        message = f"the adapter of `{lent}` is for `{models[lent].from_}`, and `{below}` is made from `{weights}`"
        yield at, message, f"Name a GGUF of `{models[lent].from_}`."


def _check_merge(at: KeyPath, model: ModelSpec, parent: ModelSpec) -> Iterator[Found]:
    if not parent.has_adapter:
        hint = "Name a model with `finetune` or `adapter`."
        yield (*at, "from"), f"`{model.from_}` has no adapter that could be merged", hint
    elif model.merge == "dequantized" and (
        parent.finetune is None or parent.finetune.row.base != "nf4"
    ):
        message = f"`{model.from_}` is no QLoRA: its base was not quantized for training"
        yield (*at, "merge"), message, "Take `merge: full`."


def _check_finetune(
    at: KeyPath, tasks: list[str], spec: SuiteSpec, names: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    learnable = {k for k, t in spec.tasks.items() if type_of(t).learnable}
    for index, task in enumerate(tasks):
        if task not in names["tasks"]:
            yield (*at, index), f"there is no task `{task}`", nearest(task, learnable)
        elif task in spec.tasks and task not in learnable:
            message = f"`{task}` has no answers to learn from"
            yield (*at, index), message, nearest("", learnable)
