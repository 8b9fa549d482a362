"""What is estimated and then measured: the same work, told to both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.need import Memory
from harness.estimate.shape import ModelShape
from harness.estimate.training import tuning_memory
from harness.estimate.tuning import Tuning
from harness.finetuning import METHODS
from tests.estimate.measured import Peak, measure

TOLERANCE = 0.15


@dataclass(frozen=True)
class Case:
    """One thing to do with a model; `spec` is the engine's, or empty for a fine-tuning."""

    name: str
    ask: Ask | None = None
    gguf: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    tuning: Tuning | None = None
    examples: int = 32
    prompt_tokens: int = 120
    target_tokens: int = 8
    varies: bool = False
    """Whether the same work takes more than 15% more or less in another run: not judged."""

    def estimate(self, shape: ModelShape) -> Memory:
        """What it should need."""
        if self.tuning is not None:
            return tuning_memory(shape, self._told())
        assert self.ask is not None
        if self.gguf:
            return GgufModel(shape, self.gguf).moments(self.ask).peak
        return HfModel(shape, **self.spec).moments(self.ask).peak

    def measure(self, weights: Path, files: dict[str, Path]) -> Peak:
        """What it takes in a process of its own."""
        if self.tuning is not None:
            return self._tune(weights)
        assert self.ask is not None
        from_where = {"gguf": str(files[self.gguf])} if self.gguf else {"weights": str(weights)}
        return measure(
            self.ask.kind,
            prompts=self.ask.prompts,
            prompt_tokens=self.ask.prompt_tokens,
            new_tokens=self.ask.new_tokens,
            **from_where,
            **self.spec,
        )

    def _told(self) -> Tuning:
        assert self.tuning is not None
        length = self.prompt_tokens + self.target_tokens
        share = self.target_tokens / length
        return replace(self.tuning, example_tokens=length, label_share=share)

    def _tune(self, weights: Path) -> Peak:
        assert self.tuning is not None
        return measure(
            "finetune",
            weights=str(weights),
            examples=self.examples,
            prompt_tokens=self.prompt_tokens,
            target_tokens=self.target_tokens,
            dtype=self.tuning.dtype,
            batch_tokens=self.tuning.batch_tokens,
            gradient_checkpointing=self.tuning.gradient_checkpointing,
            method=self.tuning.method.name,
        )


CHOOSE = Ask("choose", 64, 100)
WRITE = Ask("generate", 32, 100, new_tokens=30)
DISTRIBUTE = Ask("distributions", 1, 700)
F32, BF16 = {"dtype": "float32"}, {"dtype": "bfloat16"}
ASKED = (
    Case("hf float32, choose", CHOOSE, spec=F32),
    Case("hf float32, generate", WRITE, spec=F32),
    Case("hf bfloat16, choose", CHOOSE, spec=BF16),
    Case("hf bfloat16, generate", WRITE, spec=BF16),
    Case("hf bfloat16, distributions", DISTRIBUTE, spec=BF16),
    Case("hf nf4, choose", CHOOSE, spec={**BF16, "quantize": "nf4"}, varies=True),
    Case("llama.cpp F16, choose", CHOOSE, gguf="F16"),
    Case("llama.cpp F16, generate", WRITE, gguf="F16"),
    Case("llama.cpp Q4_K_M, choose", CHOOSE, gguf="Q4_K_M"),
    Case("llama.cpp Q4_K_M, distributions", DISTRIBUTE, gguf="Q4_K_M"),
)
TUNED = (
    Case(
        "LoRA bfloat16, 512 tokens", tuning=Tuning(METHODS["lora"], batch_tokens=512), examples=16
    ),
    Case("LoRA bfloat16, 2,048 tokens", tuning=Tuning(METHODS["lora"])),
    Case(
        "LoRA bfloat16, 2,048 tokens, checkpointing",
        tuning=Tuning(METHODS["lora"], gradient_checkpointing=True),
    ),
    Case(
        "LoRA float32, 512 tokens",
        tuning=Tuning(METHODS["lora"], "float32", batch_tokens=512),
        examples=16,
    ),
    Case("QLoRA bfloat16, 2,048 tokens", tuning=Tuning(METHODS["qlora"])),
    Case(
        "full bfloat16, 512 tokens", tuning=Tuning(METHODS["full"], batch_tokens=512), examples=16
    ),
)
LARGE = (
    Case(
        "LoRA bfloat16, 512 tokens", tuning=Tuning(METHODS["lora"], batch_tokens=512), examples=12
    ),
    Case(
        "QLoRA bfloat16, 512 tokens", tuning=Tuning(METHODS["qlora"], batch_tokens=512), examples=12
    ),
    Case(
        "QLoRA float32 (packed), 256 tokens",
        tuning=Tuning(METHODS["qlora"], "float32", batch_tokens=256),
        examples=4,
    ),
)
MODELS: dict[str, tuple[Case, ...]] = {
    "starter": (*ASKED, *TUNED[:5]),
    "llama-160m": (*ASKED, *TUNED),
    "smollm2-135m": (*ASKED, *TUNED),
    "qwen2.5-0.5b": (*ASKED, *LARGE),
}
"""What is measured of each model; none takes more than 5 GB."""
