"""What only the whole suite can tell: names that must exist, files that must be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.python_hook import find_hook
from harness.suite.hub import hub_place
from harness.suite.lineage import ancestry, is_gguf, resolve
from harness.suite.metric_checks import check_metrics, metric_names
from harness.suite.problems import Problem, nearest
from harness.suite.replicas import replicas
from harness.suite.schema import (
    ClassifyTask,
    CompareSpec,
    DivergenceTask,
    ExampleTask,
    GateSpec,
    ModelSpec,
    OwnDataset,
    PythonDataset,
    Shape,
    SuiteSpec,
    SummarizeTask,
    TableDataset,
    TaskSpec,
)
from harness.suite.source_map import SourceMap

if TYPE_CHECKING:
    from harness.suite.reader import Known

Path_ = tuple[str | int, ...]
Found = tuple[Path_, str, str]
"""Path of the key, message, hint."""


def check_references(
    spec: SuiteSpec,
    invalid: Mapping[str, frozenset[str]],
    source: SourceMap,
    folder: Path,
    known: Known,
) -> list[Problem]:
    """Mistakes between entries and against the installation.

    Args:
        spec: the entries that are right by themselves.
        invalid: names of entries that are not, by section: they exist, but cannot be looked into.
        source: where things stand.
        folder: what relative paths start from.
        known: data sets, GGUF types, metrics.
    """
    names = {
        section: frozenset(getattr(spec, section)) | invalid.get(section, frozenset())
        for section in ("models", "tasks", "compare")
    }
    wrong_gates = invalid.get("gates", frozenset())
    positions = (i for i in range(len(spec.gates) + len(wrong_gates)) if str(i) not in wrong_gates)
    found: list[Found] = []
    for name, model in spec.models.items():
        found += _check_model(name, model, spec, names, folder, known)
    for name, task in spec.tasks.items():
        if isinstance(task, ClassifyTask | SummarizeTask):
            found += _check_task(name, task, folder, known)
        elif isinstance(task, DivergenceTask):
            found += _check_divergence(name, task, names, folder, known)
    found += check_metrics(spec, folder, known.metrics, known.extra_metrics)
    for name, compare in spec.compare.items():
        found += _check_compare(name, compare, names)
    for index, gate in zip(positions, spec.gates, strict=True):
        found += _check_gate(index, gate, spec, names, known)
    problems = []
    for path, message, hint in found:
        place = source.place(path)
        key = ".".join(map(str, path))
        problems.append(Problem(place.line, place.column, key, message, hint))
    return problems


def _check_model(
    name: str,
    model: ModelSpec,
    spec: SuiteSpec,
    names: Mapping[str, frozenset[str]],
    folder: Path,
    known: Known,
) -> Iterator[Found]:
    at: Path_ = ("models", name)
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
        yield from _check_folder((*at, "source"), model.source, folder, known.sources)
    if model.adapter is not None and hub_place("adapter", model.adapter, None, folder) is None:
        yield from _check_folder((*at, "adapter"), model.adapter, folder, ())
    if model.template_file is not None:
        yield from _check_template((*at, "chat_template"), resolve(model.template_file, folder))
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
    if model.from_ not in names["models"]:
        hint = nearest(model.from_, names["models"] - {name})
        yield (*at, "from"), f"there is no model `{model.from_}`", hint
    elif parent is not None:
        chain = ancestry(spec.models, name)
        if spec.models[chain[0]].from_ in chain:
            yield (*at, "from"), "this model is made from itself", "Begin with a `source`."
        elif is_gguf(parent):
            hint = "Name the model that the GGUF was made from."
            yield (*at, "from"), f"`{model.from_}` is a GGUF, and nothing is made from one", hint
        elif parent.quantize is not None:
            hint = "Take the model without `quantize`."
            yield (*at, "from"), f"`{model.from_}` is quantized while loading", hint
        elif model.merge is not None:
            yield from _check_merge(at, model, parent)


def _check_merge(at: Path_, model: ModelSpec, parent: ModelSpec) -> Iterator[Found]:
    if parent.finetune is None and parent.adapter is None:
        hint = "Name a model with `finetune` or `adapter`."
        yield (*at, "from"), f"`{model.from_}` has no adapter that could be merged", hint
    elif model.merge == "dequantized" and (
        parent.finetune is None or parent.finetune.method != "qlora"
    ):
        message = f"`{model.from_}` is no QLoRA: its base was not quantized for training"
        yield (*at, "merge"), message, "Take `merge: full`."


def _check_folder(
    at: Path_, value: str, folder: Path, also_valid: Iterable[str]
) -> Iterator[Found]:
    path = resolve(value, folder)
    if not path.is_dir():
        others = "".join(f" or `{name}`" for name in sorted(also_valid))
        yield at, f"there is no folder {path}", f"Give a folder{others}, from the suite's folder."


def _check_finetune(
    at: Path_, tasks: list[str], spec: SuiteSpec, names: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    learnable = {k for k, t in spec.tasks.items() if isinstance(t, ClassifyTask | SummarizeTask)}
    for index, task in enumerate(tasks):
        if task not in names["tasks"]:
            yield (*at, index), f"there is no task `{task}`", nearest(task, learnable)
        elif task in spec.tasks and task not in learnable:
            message = f"`{task}` has no answers to learn from"
            yield (*at, index), message, nearest("", learnable)


def _check_task(
    name: str, task: ClassifyTask | SummarizeTask, folder: Path, known: Known
) -> Iterator[Found]:
    at: Path_ = ("tasks", name)
    yield from _check_data(at, task, folder, known)
    if isinstance(task.dataset, OwnDataset):
        return
    kind = known.datasets.get(task.dataset)
    if kind is None:
        hint = nearest(task.dataset, known.datasets)
        yield (*at, "dataset"), f"unknown data set `{task.dataset}`", hint
    elif kind != task.type:
        fitting = [k for k, v in known.datasets.items() if v == task.type]
        message = f"`{task.dataset}` is made for `{kind}`, not for `{task.type}`"
        yield (*at, "dataset"), message, nearest("", fitting)


def _check_data(at: Path_, task: ExampleTask, folder: Path, known: Known) -> Iterator[Found]:
    """Where a data set's files lie, and keys that it does not have."""
    dataset = getattr(task, "dataset", None)
    if isinstance(dataset, PythonDataset):
        yield from _check_hook((*at, "dataset", "python"), dataset.python, folder)
    if isinstance(dataset, TableDataset):
        for key in ("file", "train", "test"):
            value = getattr(dataset, key)
            if value is not None and not resolve(value, folder).is_file():
                message = f"there is no file {resolve(value, folder)}"
                yield (*at, "dataset", key), message, "Paths start from the suite's folder."
    if task.agreement is not None and dataset not in known.with_agreement:
        names = " or ".join(sorted(known.with_agreement))
        yield (*at, "agreement"), f"only {names} has an `agreement`", "Leave it out."
    if task.data_dir is not None and not resolve(task.data_dir, folder).is_dir():
        message = f"there is no folder {resolve(task.data_dir, folder)}"
        yield (*at, "data_dir"), message, "Paths start from the suite's folder."


def _check_hook(at: Path_, text: str, folder: Path) -> Iterator[Found]:
    try:
        find_hook(text, folder)
    except InputError as error:
        yield at, error.message, error.hint


def _check_divergence(
    name: str,
    task: DivergenceTask,
    names: Mapping[str, frozenset[str]],
    folder: Path,
    known: Known,
) -> Iterator[Found]:
    at: Path_ = ("tasks", name)
    yield from _check_data(at, task, folder, known)
    if task.dataset is not None and task.dataset not in known.datasets:
        hint = nearest(task.dataset, known.datasets)
        yield (*at, "dataset"), f"unknown data set `{task.dataset}`", hint
    if task.text is not None:
        yield from _check_text((*at, "text"), resolve(task.text, folder))
    if task.reference not in names["models"]:
        hint = nearest(task.reference, names["models"])
        yield (*at, "reference"), f"there is no model `{task.reference}`", hint


def _check_template(at: Path_, path: Path) -> Iterator[Found]:
    if not path.is_file():
        hint = "Give `none`, or a Jinja file; paths start from the suite's folder."
        yield at, f"there is no file {path}", hint
    else:
        yield from _check_text(at, path)


def _check_text(at: Path_, path: Path) -> Iterator[Found]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        yield at, f"there is no file {path}", "Paths start from the suite's folder."
    except UnicodeDecodeError as error:
        message = f"{path} is no UTF-8 text: {error.reason} at byte {error.start}"
        yield at, message, "Name a text file, or save this one as UTF-8."
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        yield at, message, "Name a text file that this user may read."
    else:
        if not text.strip():
            yield at, f"{path} is empty", "Name a text of at least a few sentences."


def _check_compare(
    name: str, compare: CompareSpec, names: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    at: Path_ = ("compare", name)
    named: list[tuple[Path_, str, str]] = [((*at, "baseline"), compare.baseline, "models")]
    named += [((*at, "candidates", i), m, "models") for i, m in enumerate(compare.candidates)]
    named += [((*at, "tasks", i), t, "tasks") for i, t in enumerate(compare.tasks or ())]
    for path, value, section in named:
        if value not in names[section]:
            message = f"there is no {section.removesuffix('s')} `{value}`"
            yield path, message, nearest(value, names[section])
    if compare.baseline in compare.candidates:
        index = compare.candidates.index(compare.baseline)
        yield (*at, "candidates", index), "the baseline is compared with itself", "Leave it out."


def _check_gate(
    index: int,
    gate: GateSpec,
    spec: SuiteSpec,
    names: Mapping[str, frozenset[str]],
    known: Known,
) -> Iterator[Found]:
    at: Path_ = ("gates", index)
    compare, task = spec.compare.get(gate.compare or ""), spec.tasks.get(gate.task)
    for position, model in enumerate(gate.models or ()):
        if model not in names["models"]:
            hint = nearest(model, names["models"])
            yield (*at, "models", position), f"there is no model `{model}`", hint
    if gate.compare is not None and gate.compare not in names["compare"]:
        hint = nearest(gate.compare, names["compare"])
        yield (*at, "compare"), f"there is no comparison `{gate.compare}`", hint
    elif compare is not None:
        for position, model in enumerate(gate.candidates or ()):
            if model not in compare.candidates:
                message = f"`{model}` is no candidate of `{gate.compare}`"
                yield (*at, "candidates", position), message, nearest(model, compare.candidates)
        if compare.tasks is not None and gate.task not in compare.tasks:
            message = f"`{gate.compare}` does not compare `{gate.task}`"
            yield (*at, "task"), message, nearest(gate.task, compare.tasks)
    if gate.task not in names["tasks"]:
        yield (*at, "task"), f"there is no task `{gate.task}`", nearest(gate.task, names["tasks"])
    elif task is not None and gate.metric not in _metrics_of(task, known):
        message = f"a `{task.type}` task has no metric `{gate.metric}`"
        hint = nearest(gate.metric, _metrics_of(task, known))
        if gate.metric in known.extra_metrics.get(task.type, ()):
            message = f"`{gate.task}` does not ask for the metric `{gate.metric}`"
            hint = f"Write `metrics: [{gate.metric}]` in the task."
        yield (*at, "metric"), message, hint
    elif task is not None and gate.max_slowdown is not None and gate.metric not in known.timings:
        message = f"`max_slowdown` is for timings, and `{gate.metric}` is none"
        yield (*at, "metric"), message, "For other metrics there is `max_drop`."


def _metrics_of(task: TaskSpec, known: Known) -> tuple[str, ...]:
    """All metrics of a task: those of its type, and those that it names."""
    return (*known.metrics[task.type], *metric_names(task))
