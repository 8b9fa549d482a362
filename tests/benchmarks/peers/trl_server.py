"""TRL's SFTTrainer behind JSON lines, in an environment of its own: `.venv-trl/bin/python -m tests.benchmarks.peers.trl_server`.

It is given examples as token ids, so that both sides learn the same ones, and is timed from the beginning of
its first step to the end of its last: neither loading nor preparing data counts.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from peft import LoraConfig, PeftModel
from torch.utils.data import DataLoader
from trl import SFTConfig, SFTTrainer

from tests.benchmarks.lines import serve
from tests.benchmarks.peaks import forget_peak, give_back, peak_bytes

Answer = dict[str, Any]
PLAIN = {
    "bf16": False,
    "use_cpu": True,
    "report_to": [],
    "save_strategy": "no",
    "disable_tqdm": True,
    "num_train_epochs": 1,
}
"""What both of its settings share: float32 on a processor, one pass, and nothing written."""


class Trainer(SFTTrainer):  # type: ignore[misc]
    """TRL's trainer, which can be given its batches, and notes the loss of each step where asked to."""

    batches: list[list[int]] | None = None
    losses: list[float] | None = None

    def get_train_dataloader(self) -> Any:
        if self.batches is None:
            return super().get_train_dataloader()
        rows = self._remove_unused_columns(self.train_dataset, "training")
        return DataLoader(rows, batch_sampler=self.batches, collate_fn=self.data_collator)

    def compute_loss(self, *given: Any, **named: Any) -> Any:
        loss = super().compute_loss(*given, **named)
        if self.losses is not None:
            self.losses.append(loss.item())
        return loss


class Watch(transformers.TrainerCallback):  # type: ignore[misc]
    """Seconds from the first step to the last, by the clock and by processors."""

    seconds = processor_seconds = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        forget_peak()
        self._began, self._used = time.perf_counter(), time.process_time()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - self._began
        self.processor_seconds = time.process_time() - self._used


def run(
    weights: str,
    examples: str,
    settings: dict[str, Any],
    lora: dict[str, Any] | None = None,
    limit: int | None = None,
    threads: int = 0,
    attention: str = "sdpa",
    beginning: str | None = None,
    batches: list[list[int]] | None = None,
    out: str | None = None,
) -> Answer:
    """Trains once.

    Args:
        weights: a Transformers folder.
        examples: JSON lines of `prompt_ids` and `target_ids`.
        settings: of `SFTConfig`, beside `PLAIN`.
        lora: of `LoraConfig`; None where there is a `beginning`.
        limit: only so many examples.
        beginning: the folder of an adapter that is trained further.
        batches: indices of the examples of each step, in place of its own.
        out: the folder that the adapter is written to.
    """
    if threads:
        torch.set_num_threads(threads)
    rows = [json.loads(line) for line in Path(examples).read_text().splitlines()][:limit]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        weights, dtype=torch.float32, attn_implementation=attention
    )
    if beginning is not None:
        model = PeftModel.from_pretrained(model, beginning, is_trainable=True)
    data = Dataset.from_list(
        [
            {
                "input_ids": row["prompt_ids"] + row["target_ids"],
                "labels": [-100] * len(row["prompt_ids"]) + row["target_ids"],
            }
            for row in rows
        ]
    )
    watch = Watch()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=SFTConfig(output_dir=scratch, **(PLAIN | settings)),
            train_dataset=data,
            processing_class=transformers.AutoTokenizer.from_pretrained(weights),
            peft_config=LoraConfig(task_type="CAUSAL_LM", **lora) if lora is not None else None,
            callbacks=[watch],
        )
        trainer.batches = batches
        trainer.losses = [] if batches is not None else None
        trainer.train()
        if out is not None:
            trainer.save_model(out)
    tokens = sum(len(row["prompt_ids"]) + len(row["target_ids"]) for row in rows)
    answer = {
        "seconds": watch.seconds,
        "processor_seconds": watch.processor_seconds,
        "tokens": tokens,
        "tokens_per_second": tokens / watch.seconds,
        "tokens_per_processor_second": tokens / watch.processor_seconds,
        "steps": trainer.state.global_step,
        "peak_bytes": peak_bytes(),
        **({"losses": trainer.losses} if trainer.losses is not None else {}),
    }
    del model, trainer
    give_back()
    return answer


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    serve({"run": run})
