"""Kinds of steps, one row a kind: all that depends on which kind a step is.

Everyone reads this table: the plan what is in a key, the runner what does a step and what it makes, the
estimate what it costs, the display what counts. So it imports nothing of the rooms that do the work; a
handler stands here by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.plan.cell_params import CellParams, PartParams, PrecisionParams, RoundParams
from harness.plan.params import (
    CheckParams,
    ExamplesParams,
    FetchParams,
    FinetuneParams,
    FloorsParams,
    GgufParams,
    MergeParams,
    MergeParityParams,
    Params,
    ParityParams,
    PromptsParams,
    RandomParams,
    SourceParams,
)

Kind = Literal[
    "source",
    "fetch",
    "random",
    "prompts",
    "check",
    "examples",
    "floors",
    "finetune",
    "merge",
    "merge-parity",
    "convert",
    "quantize",
    "adapter-gguf",
    "parity",
    "precision",
    "round",
    "part",
    "cell",
]
Cost = Literal["ask", "fine-tune", "merge", "check", "convert", "quantize", "draw"]
"""What a step does with a model, which its memory and time follow from."""
Gives = Literal["files", "findings", "answers"]


@dataclass(frozen=True)
class StepKind:
    """A kind of step.

    Attributes:
        name: in plans, keys, and folders of artifacts.
        params: the record of what its steps are given.
        gives: files, or only findings (nothing is made from its files, so that findings that were kept
            stand for it), or answers, which lie with the results.
        handler: `module:name` in the runner of what does it, a function or, for answers, a class; "" for
            files that are there already.
        packages: whose versions are in its key, beside those of the engines that it uses.
        revision: raised by hand when the project's own code for it comes to give something else.
        file: in its folder, that the next step reads; "" is the folder itself.
        cost: None where it holds no model.
        begins: whether a lineage begins with it.
        network: whether it downloads something; nothing else may touch the network.
        timed: whether it measures time, and must not share the machine. Cells do where their task does.
        over_tasks: whether it looks at the prompts of all tasks, and goes on without those that could not
            be made: a task that fails is alone.
    """

    name: Kind
    params: type[Params]
    gives: Gives
    handler: str
    packages: tuple[str, ...] = ()
    revision: int = 1
    file: str = ""
    cost: Cost | None = None
    begins: bool = False
    network: bool = False
    timed: bool = False
    over_tasks: bool = False

    @property
    def is_artifact(self) -> bool:
        """Whether it has a folder by its key, and a manifest there."""
        return self.gives != "answers"

    @property
    def in_place(self) -> bool:
        """Whether its files are there already, and need only be checked."""
        return not self.handler


_STEPS = "harness.runner.steps"
_ANSWERING = "harness.runner.cells.runner:CellRunner"
_MERGING = ("torch", "transformers", "peft", "bitsandbytes")
_LLAMA = ("llama-cpp-python",)

_ROWS = (
    StepKind("source", SourceParams, "files", "", begins=True),
    StepKind("fetch", FetchParams, "files", f"{_STEPS}.models:fetch", begins=True, network=True),
    StepKind(
        "random", RandomParams, "files", f"{_STEPS}.models:random", ("torch", "transformers"), cost="draw", begins=True,
    ),
    StepKind("prompts", PromptsParams, "files", f"{_STEPS}.prompting:prompts", ("transformers",), revision=3),
    StepKind("check", CheckParams, "findings", f"{_STEPS}.checking:prompts", ("transformers",), revision=3, over_tasks=True),
    StepKind(
        "examples", ExamplesParams, "files", f"{_STEPS}.examples:examples", ("transformers",), revision=3,
        file="examples.jsonl",
    ),
    StepKind("floors", FloorsParams, "findings", f"{_STEPS}.examples:floors", ("scikit-learn", "rouge-score"), revision=3),
    StepKind(
        "finetune", FinetuneParams, "files", f"{_STEPS}.models:finetune", ("torch", "transformers", "peft"),
        revision=2, cost="fine-tune",
    ),
    StepKind("merge", MergeParams, "files", f"{_STEPS}.models:merge", _MERGING, revision=2, cost="merge"),
    StepKind(
        "merge-parity", MergeParityParams, "findings", f"{_STEPS}.checking:merge", _MERGING, revision=2, cost="check", over_tasks=True,
    ),
    StepKind(
        "convert", GgufParams, "files", f"{_STEPS}.models:convert", _LLAMA, file="model.gguf", cost="convert",
    ),
    StepKind(
        "quantize", GgufParams, "files", f"{_STEPS}.models:quantize", _LLAMA, file="model.gguf", cost="quantize",
    ),
    StepKind(
        "adapter-gguf", Params, "files", f"{_STEPS}.models:adapter_gguf", _LLAMA, file="adapter.gguf", cost="convert",
    ),
    StepKind(
        "parity", ParityParams, "findings", f"{_STEPS}.checking:conversion", ("torch", "transformers", *_LLAMA),
        revision=4, cost="check", over_tasks=True,
    ),
    StepKind("precision", PrecisionParams, "findings", f"{_STEPS}.measuring:precision", revision=2, cost="check"),
    StepKind("round", RoundParams, "answers", _ANSWERING, cost="ask", timed=True),
    StepKind("part", PartParams, "answers", _ANSWERING, cost="ask"),
    StepKind(
        "cell", CellParams, "answers", _ANSWERING, ("rouge-score",), revision=4, cost="ask",
    ),
)  # fmt: skip
KINDS: Mapping[str, StepKind] = {row.name: row for row in _ROWS}
