"""What a step of a suite needs: its memory, the bytes that it makes, the work that it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.estimate.converting import (
    converting_memory,
    drawing_memory,
    merging_memory,
    quantizing_memory,
)
from harness.estimate.facts import Facts
from harness.estimate.files import checkpoint_bytes, gguf_bytes
from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.need import Device, Memory, peak
from harness.estimate.questions import ask_of, grading_bytes, timed_ask, timed_work
from harness.estimate.shape import ModelShape
from harness.estimate.training import tuning_memory
from harness.estimate.tuning import Tuning, scratch_bytes, tuned_bytes
from harness.estimate.work import Computation, asking_work, tuning_work
from harness.finetuning import INITIALIZATIONS, METHODS
from harness.plan.cell_params import CellParams, LoadOptions, PrecisionParams
from harness.plan.params import FinetuneParams, GgufParams
from harness.plan.steps import Step
from harness.runner.threads import SMALL_MODEL_BYTES
from harness.serving.spec import MOST_CONTEXT

CHECKED = Ask("distributions", 2, 512)
"""What a made model is checked on: `harness.models.parity.sample.MOST_TOKENS`, of prompts this long."""
VLLM_BYTES = 2_600_000_000
"""vLLM's three processes and a cache of 1 GiB: 3.1 GB of resident memory were measured with the starter."""
EXACT = LoadOptions(dtype="float32")
MADE = ("merge", "finetune")
"""Kinds of steps that write whole weights, which are float16."""

Model = HfModel | GgufModel


class Needs:
    """Answers for the steps of one plan. Whatever asks for a shape, or for what is asked, raises
    UnknownError where that is not known."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._machine = facts, facts.machine
        groups: defaultdict[str, list[Step]] = defaultdict(list)
        for cell in facts.plan.cells:
            if not cell.is_timing:
                groups[cell.group].append(cell)
        self._grading: dict[tuple[str, str], int] = {}
        """What a cell's process has loaded by then to grade, by the cell's group and key."""
        for group, cells in groups.items():
            engine = "llamacpp" if "gguf" in cells[0].parents else "hf"
            loaded = grading_bytes(engine, (cell.given(CellParams).task for cell in cells))
            self._grading |= {(group, c.key): size for c, size in zip(cells, loaded, strict=True)}

    def memory(self, step: Step) -> Memory | None:
        """At the step's peak; None where it holds no model."""
        if models := self.models(step):
            one_by_one = step.kind == "merge-parity"
            return self._apart(step, models) if one_by_one else self.together(step, models)
        match step.kind:
            case "finetune":
                return self.tuning_memory(step, self.tuning(step))
            case "merge":
                rank = self._rank(step.parents["adapter"])
                return merging_memory(self.shape(step), rank, self._stored(step.parents["weights"]))
            case "convert":
                return converting_memory(self.shape(step), self._stored(step.parents["weights"]))
            case "quantize":
                return quantizing_memory(self.shape(step), step.given(GgufParams).type)
            case "random":
                return drawing_memory(self.shape(step))
        return None

    def models(self, step: Step) -> list[Model]:
        """Those that a step asks, in the order in which it opens them."""
        parents, prefix = step.parents, "reference."
        own = {role: key for role, key in parents.items() if not role.startswith(prefix)}
        reference = {
            role.removeprefix(prefix): key for role, key in parents.items() if role not in own
        }
        opened: list[tuple[Mapping[str, str], LoadOptions]] = []
        served: int | None = None
        match step.kind:
            case "cell" | "round":
                cell, served = step.given(CellParams), None
                if cell.endpoint is not None:
                    return []
                if cell.serving is not None:
                    served = cell.gpus
                opened = [(own, cell.options)]
                if cell.reference_options is not None:
                    opened.append((reference, cell.reference_options))
            case "precision":
                of = step.given(PrecisionParams)
                opened = [(own, of.exact), (reference, of.sixteen)]
            case "parity":
                opened = [({role: parents[role]}, EXACT) for role in ("weights", "gguf")]
            case "merge-parity":
                # Base with adapter, and merged weights after it, both on the processor.
                options = EXACT.model_copy(update={"device": "cpu"})
                opened = [(own, options), ({"weights": parents["merged"]}, options)]
        return [self.model(files, options, served) for files, options in opened]

    def together(self, step: Step, models: Sequence[Model]) -> Memory:
        """What a step needs that opens these models one beside the other."""
        ask = self._ask(step, models[0])
        first, *others = [model.moments(ask) for model in models]
        shared = len({type(model) for model in models}) == 1
        memory = first.before(others[0], shared) if others else first.peak
        memory = memory.with_part("grading", self._grading.get((step.group, step.key), 0))
        return memory.with_part("server", serving_bytes(step, models[0].shape.vocabulary))

    def _apart(self, step: Step, models: Sequence[Model]) -> Memory:
        """What a step needs that opens these models one after the other, and keeps what the first has told."""
        ask = self._ask(step, models[0])
        first, *others = [model.moments(ask).peak for model in models]
        told = 4 * ask.prompts * ask.prompt_tokens * models[0].shape.vocabulary
        return peak(first, *(other.with_part("distributions", told) for other in others))

    def tuning_memory(self, step: Step, tuning: Tuning) -> Memory:
        """What a fine-tuning would need if it were done so."""
        return tuning_memory(self.shape(step), tuning, self._machine.device)

    def written(self, step: Step) -> int:
        """Bytes that the step makes and that stay, of a download those still to come."""
        match step.kind:
            case "fetch":
                return self._facts.source(step.key).to_fetch
            case "random":
                return checkpoint_bytes(self.shape(step))
            case "finetune":
                return tuned_bytes(self.shape(step), self._trained(step))
            case "adapter-gguf":
                return 2 * self.written(self._facts.plan.steps[step.parents["adapter"]])
            case "merge":
                return checkpoint_bytes(self.shape(step), "float16")
            case "convert" | "quantize":
                return gguf_bytes(self.shape(step), step.given(GgufParams).type)
        return 0

    def scratch(self, step: Step) -> int:
        """Most bytes that lie on disk while the step is done, and are gone at its end."""
        if step.kind != "finetune":
            return 0
        return scratch_bytes(self.shape(step), self._trained(step), self._machine.device)

    def kept(self, step: Step) -> int:
        """Bytes of the files that the step stands for, made or not; a user's own count nothing."""
        if step.kind == "fetch":
            return self._facts.source(step.key).bytes
        if step.kind in ("source", "prompts", "examples"):
            return 0
        made = self._facts.made_bytes(step)
        return self.written(step) if made is None else made

    def work(self, step: Step) -> Computation | None:
        """Of a fine-tuning or of asking; None for other steps."""
        if step.kind == "finetune":
            seen = self._facts.learned(step.parents["examples"]).seen(step.given(FinetuneParams))
            return tuning_work(self.shape(step), self.tuning(step), seen)
        models = self.models(step) if step.kind in ("cell", "round") else []
        if not models:
            return None
        if step.is_timing:
            return timed_work(step, models[0])
        ask = self._ask(step, models[0]).mean
        return sum((asking_work(model, ask) for model in models), Computation())

    def small(self, step: Step) -> bool:
        """Whether the step's model is run on one thread, as `harness.runner.threads` decides."""
        if isinstance(step.params, CellParams) and step.params.endpoint is not None:
            return False
        options = step.params.options if isinstance(step.params, CellParams) else EXACT
        return self.model(step.parents, options).read_bytes < SMALL_MODEL_BYTES

    def shape(self, step: Step) -> ModelShape:
        """Of the model that a step makes or loads."""
        return self._facts.shape(step)

    def tuning(self, step: Step) -> Tuning:
        """What decides how much memory a fine-tuning takes."""
        params = step.given(FinetuneParams)
        learned = self._facts.learned(step.parents["examples"])
        chosen = params.dtype if params.dtype not in (None, "auto") else None
        return replace(
            self._trained(step),
            dtype=chosen or self._own_dtype(self._machine.device),
            dropout=params.dropout,
            batch_tokens=params.batch_tokens or Tuning.batch_tokens,
            accumulate=params.accumulate or 1,
            packing=bool(params.packing),
            gradient_checkpointing=bool(params.gradient_checkpointing),
            example_tokens=learned.longest,
            label_share=learned.label_share,
            stored=self._stored(step.parents["weights"]),
        )

    def _trained(self, step: Step) -> Tuning:
        """What a fine-tuning trains and keeps, whatever it learns from."""
        params = step.given(FinetuneParams)
        return Tuning(
            method=METHODS[params.method],
            rank=int(max(trial.get("rank", params.rank) for trial in params.trials)),
            targets=params.target_modules,
            ranks=params.rank_pattern or {},
            whole=params.modules_to_save or (),
            initialization=params.initialization or Tuning.initialization,
            optimizer=params.optimizer or Tuning.optimizer,
            trials=len(params.trials),
        )

    def as_gguf(self, step: Step, quantization: str) -> GgufModel:
        """The model that a cell asks, were it a GGUF of that type made here."""
        asked = self.models(step)[0]
        device = _device(step.given(CellParams).options, self._machine.llama_device)
        device = asked.device if asked.gpus > 1 else device
        return GgufModel(self.shape(step), quantization, device, 0, asked.gpus)

    def _ask(self, step: Step, model: Model) -> Ask:
        if step.kind in ("parity", "merge-parity"):
            return CHECKED
        if step.is_timing:
            return timed_ask(step)
        return ask_of(step, self._facts.asked(step.parents["prompts"]), model.shape.vocabulary)

    def model(
        self, files: Mapping[str, str], options: LoadOptions, served: int | None = None
    ) -> Model:
        """A model by the keys of its files, as an engine opens it, or a server that is told of so many GPUs."""
        gpus, free = options.gpus if served is None else served, self._machine.free
        if options.device_map is not None:
            gpus = gpus or len(free.devices)
        key = files.get("gguf") or files["weights"]
        made = self._facts.plan.steps[key]
        source, shape = self._facts.beginning(made), self.shape(made)
        if "gguf" in files:
            device = "cuda" if gpus else _device(options, self._machine.llama_device)
            gpus = max(1, gpus)
            if made.kind in ("convert", "quantize"):
                return GgufModel(shape, made.given(GgufParams).type, device, 0, gpus)
            return GgufModel(shape, source.stored, device, source.bytes, gpus)
        device = "cuda" if gpus else _device(options, self._machine.device)
        gpus = max(1, gpus)
        there = gpus if gpus <= len(free.devices) else 1
        return HfModel(
            shape,
            self._own_dtype(device) if options.dtype == "auto" else options.dtype,
            self._stored(key),
            options.quantize,
            device,
            self._rank(files["adapter"]) if "adapter" in files else 0,
            free.least_bytes(there) if device == "cuda" else free.resident_bytes,
            0 if made.kind in MADE else source.bytes,
            gpus,
        )

    def _stored(self, key: str) -> str:
        """Precision of a step's weights."""
        made = self._facts.plan.steps[key].kind in MADE
        return "float16" if made else self._facts.source(key).stored

    def _rank(self, key: str) -> int:
        """Of the adapter that a step holds."""
        step = self._facts.plan.steps[key]
        if step.kind == "finetune":
            tuning = self._trained(step)
            return tuning.rank * (1 + INITIALIZATIONS[tuning.initialization][1])
        return self._facts.source(key).rank

    def _own_dtype(self, device: Device) -> str:
        return "bfloat16" if device == "cuda" or self._machine.bfloat16 else "float32"


def serving_bytes(step: Step, vocabulary: int) -> int:
    """What a server that is started takes beyond the same model in process; 0 where none is."""
    if not isinstance(step.params, CellParams) or step.params.serving is None:
        return 0
    match step.params.serving.server:
        case "llama-cpp":
            # llama_cpp.server keeps the logits of every token that its context holds.
            return 4 * vocabulary * (step.params.options.context or MOST_CONTEXT)
        case "vllm":
            return VLLM_BYTES
    return 0


def _device(options: LoadOptions, known: Device) -> Device:
    asked = options.device
    return known if asked == "auto" else "cuda" if asked.startswith("cuda") else "cpu"
