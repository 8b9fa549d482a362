"""What a step of a suite needs: its memory, the bytes that it makes, the work that it is.

Pure: from a plan and what is known of its sources, questions and machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.estimate.converting import converting_memory, drawing_memory, quantizing_memory
from harness.estimate.disk import Artifact, artifact_bytes
from harness.estimate.facts import Facts, Source
from harness.estimate.grading import grading_bytes
from harness.estimate.inference import ANSWERS, MOST_SLOTS, Ask, hf_moments, llama_moments
from harness.estimate.memory import Memory, Moments
from harness.estimate.pace import Work, asking_work, tuning_work
from harness.estimate.precision import Device
from harness.estimate.questions import ask_of, speed_work, writes
from harness.estimate.shape import Shape
from harness.estimate.training import Tuning, merging_memory, tuning_memory
from harness.plan.steps import Step

CHECKED = Ask("distributions", 8, 512)
"""What a made model is checked on: some prompts of each task, all of whose tokens count."""


class ShapeUnknownError(Exception):
    """The shape that a need follows from is not known; the message says why."""


class Needs:
    """Answers for the steps of one plan."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self.plan, self._machine = facts, facts.plan, facts.machine

    def memory(self, step: Step) -> Memory | None:
        """At the step's peak; None where it holds no model.

        Raises:
            ShapeUnknownError: of a source that it goes back to.
        """
        match step.kind:
            case "cell" | "round":
                return self._asking(step)
            case "finetune":
                return tuning_memory(self.shape(step), self.tuning(step), self._machine.device)
            case "merge":
                return merging_memory(self.shape(step), self._rank(step), self._stored(step))
            case "merge-parity":
                return self._merge_check(step)
            case "parity":
                exact = {"dtype": "float32", "quantize": None, "device": "auto"}
                first = self._engine({"weights": step.parents["weights"]}, exact, CHECKED)
                second = self._engine({"gguf": step.parents["gguf"]}, {"device": "auto"}, CHECKED)
                return first.before(second, shared=False)
            case "precision":
                return self._precision(step)
            case "convert":
                return converting_memory(self.shape(step), self._stored(step))
            case "quantize":
                return quantizing_memory(self.shape(step), step.params["type"])
            case "random":
                return drawing_memory(self.shape(step))
        return None

    def written(self, step: Step) -> int:
        """Bytes that the step makes and that stay, of a download those still to come.

        Raises:
            ShapeUnknownError: of a source that it goes back to.
        """
        if step.kind == "fetch":
            return self._facts.sources[step.key].to_fetch
        artifact = self._artifact(step)
        return 0 if artifact is None else artifact_bytes(self.shape(step), artifact)

    def kept(self, step: Step) -> int:
        """Bytes of the files that the step stands for, made or not; a user's own count nothing."""
        if step.key in self._facts.made_bytes:
            return self._facts.made_bytes[step.key]
        return self._facts.sources[step.key].bytes if step.kind == "fetch" else self.written(step)

    def work(self, step: Step) -> Work | None:
        """Of a fine-tuning or of asking; None for other steps.

        Raises:
            ShapeUnknownError: of a source that it goes back to.
        """
        if step.kind == "finetune":
            tokens = self._facts.learned[step.parents["examples"]].tokens
            seen = round(tokens * step.params["epochs"])
            return tuning_work(self.shape(step), self.tuning(step), seen)
        if step.kind not in ("cell", "round"):
            return None
        work = self._asking_work(step, "")
        if "reference_options" in step.params:
            work += self._asking_work(step, "reference.")
        return work

    def small(self, step: Step) -> bool:
        """Whether the step's model is run on one thread, as `harness.runner.threads` decides."""
        from harness.runner.threads import SMALL_MODEL_BYTES

        return self._weight_bytes(step.parents) < SMALL_MODEL_BYTES

    def shape(self, step: Step) -> Shape:
        """Of the model that a step loads.

        Raises:
            ShapeUnknownError: it is not known.
        """
        role = "gguf" if "gguf" in step.parents else "weights"
        return _known(self._facts.beginning(step, role)[1])

    def file_bytes(self, step: Step) -> int:
        """Of the weights that a cell's model is read from."""
        return self._weight_bytes(step.parents)

    def as_gguf(self, step: Step, quantization: str) -> Memory:
        """What a cell would need if its model were a GGUF of that type."""
        device = self._device(step.params["options"], self._machine.llama_device)
        ours = llama_moments(self.shape(step), self._ask(step), quantization, device)
        return self._with_reference(step, ours, "gguf")

    def tuning(self, step: Step) -> Tuning:
        """What decides how much memory a fine-tuning takes."""
        params, learned = step.params, self._facts.learned[step.parents["examples"]]
        targets = params["target_modules"]
        known = Tuning()
        return Tuning(
            method=params["method"],
            dtype=params.get("dtype") or self._own_dtype(self._machine.device),
            rank=params["rank"],
            targets=targets,
            batch_tokens=params.get("batch_tokens") or known.batch_tokens,
            example_tokens=learned.longest,
            label_share=learned.label_share,
            gradient_checkpointing=bool(params.get("gradient_checkpointing")),
            stored=self._stored(step),
        )

    def _ask(self, step: Step) -> Ask:
        return ask_of(step, self._facts.asked, self.shape(step).vocabulary)

    def _asking(self, step: Step) -> Memory:
        ask = self._ask(step)
        ours = self._engine(step.parents, step.params["options"], ask)
        return self._with_reference(step, ours, "gguf" if "gguf" in step.parents else "weights")

    def _grading(self, step: Step) -> int:
        """Libraries that the step's process has loaded by then, for this task and those before it."""
        if step.is_timing:
            return 0
        before = [cell for cell in self.plan.cells if cell.group == step.group]
        upto = [cell.key for cell in before].index(step.key) + 1
        tasks = [cell.params["task"] for cell in before[:upto]]
        kinds = [(task["type"], writes(task)) for task in tasks]
        return grading_bytes("llamacpp" if "gguf" in step.parents else "hf", kinds)

    def _with_reference(self, step: Step, ours: Moments, role: str) -> Memory:
        """A divergence task opens the reference beside the model."""
        grading = self._grading(step)
        if "reference_options" not in step.params:
            return ours.peak.with_part("grading", grading)
        parents = _of_reference(step.parents)
        other = self._engine(parents, step.params["reference_options"], self._ask(step))
        return ours.before(other, shared=role in parents).with_part("grading", grading)

    def _precision(self, step: Step) -> Memory:
        ask = self._ask(step)
        exact = self._engine(step.parents, step.params["exact"], ask)
        parents = _of_reference(step.parents)
        rounded = self._engine(parents, step.params["sixteen"], ask)
        return exact.before(rounded, shared="gguf" not in parents)

    def _merge_check(self, step: Step) -> Memory:
        """Base with adapter, and merged weights beside it: both in float32, on the processor."""
        options = {"dtype": "float32", "quantize": None, "device": "cpu"}
        unmerged = {role: step.parents[role] for role in ("weights", "adapter")}
        first = self._engine(unmerged, options, CHECKED)
        return first.before(
            self._engine({"weights": step.parents["merged"]}, options, CHECKED), shared=True
        )

    def _engine(self, parents: Mapping[str, str], options: Mapping[str, Any], ask: Ask) -> Moments:
        if "gguf" in parents:
            made = self.plan.steps[parents["gguf"]]
            _, source = self._facts.beginning(made)
            if made.kind in ("convert", "quantize"):
                kind, size = made.params["type"], 0
            else:
                kind, size = source.stored, source.bytes
            device = self._device(options, self._machine.llama_device)
            return llama_moments(_known(source), ask, kind, device, size)
        weights = self.plan.steps[parents["weights"]]
        _, source = self._facts.beginning(weights)
        device = self._device(options, self._machine.device)
        asked = options["dtype"]
        dtype = self._own_dtype(device) if asked == "auto" else asked
        rank = self._rank_of(parents["adapter"]) if "adapter" in parents else 0
        room = self._machine.room
        return hf_moments(
            _known(source),
            ask,
            dtype,
            self._precision_of(weights),
            options["quantize"],
            device,
            rank,
            room.device if device == "cuda" else room.resident,
        )

    def _asking_work(self, step: Step, prefix: str) -> Work:
        parents = step.parents if not prefix else _of_reference(step.parents)
        made = self.plan.steps[parents.get("gguf") or parents["weights"]]
        shape = _known(self._facts.beginning(made)[1])
        size = self._weight_bytes(parents)
        if step.is_timing:
            return speed_work(step, shape, size)
        ask = ask_of(step, self._facts.asked, shape.vocabulary, mean=True)
        device = self._machine.llama_device if "gguf" in parents else self._machine.device
        slots = (ANSWERS if "gguf" in parents else MOST_SLOTS)[device]
        return asking_work(shape, ask, size, slots)

    def _weight_bytes(self, parents: Mapping[str, str]) -> int:
        """What a decoding step reads: the file, or the weights in the precision they are kept in."""
        made = self.plan.steps[parents.get("gguf") or parents["weights"]]
        step, source = self._facts.beginning(made)
        if made.key == step.key and source.bytes:
            return source.bytes
        artifact = self._artifact(made)
        return artifact_bytes(_known(source), artifact or Artifact("source", "bfloat16"))

    def _artifact(self, step: Step) -> Artifact | None:
        match step.kind:
            case "random":
                return Artifact("source", "bfloat16")
            case "finetune":
                return Artifact(
                    "adapter", rank=step.params["rank"], targets=step.params["target_modules"]
                )
            case "merge":
                return Artifact("merged")
            case "convert" | "quantize":
                return Artifact("gguf", step.params["type"])
        return None

    def _stored(self, step: Step) -> str:
        return self._precision_of(self.plan.steps[step.parents["weights"]])

    def _precision_of(self, weights: Step) -> str:
        return "float16" if weights.kind == "merge" else self._facts.sources[weights.key].stored

    def _rank(self, step: Step) -> int:
        return self._rank_of(step.parents["adapter"])

    def _rank_of(self, key: str) -> int:
        step = self.plan.steps[key]
        return int(
            step.params["rank"] if step.kind == "finetune" else self._facts.sources[key].rank
        )

    def _device(self, options: Mapping[str, Any], known: Device) -> Device:
        asked = str(options["device"])
        return known if asked == "auto" else "cuda" if asked.startswith("cuda") else "cpu"

    def _own_dtype(self, device: Device) -> str:
        return "bfloat16" if device == "cuda" or self._machine.bfloat16 else "float32"


def _of_reference(parents: Mapping[str, str]) -> dict[str, str]:
    prefix = "reference."
    return {
        role.removeprefix(prefix): key for role, key in parents.items() if role.startswith(prefix)
    }


def _known(source: Source) -> Shape:
    if source.shape is None:
        raise ShapeUnknownError(source.problem)
    return source.shape
