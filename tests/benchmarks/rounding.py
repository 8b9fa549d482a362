"""How far two trainings part by nothing but the order in which numbers are added: `python -m tests.benchmarks.rounding [STEPS [FOLDER]]`.

A plain loop of PEFT and AdamW has a model (the starter, or one in FOLDER) learn the same batches of sentences twice, with the rows of each batch in one
order and in the other. The losses are the same numbers; what parts them is rounding. It prints the largest difference of a
step's loss, in nats, for each learning rate, in float32 and in float64.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from harness.data import DATASETS
from harness.engines.tokenizer import open_tokenizer
from harness.starter import MODEL_FOLDER
from harness.tasks.prompting import prompts_to_learn

A_STEP, STEPS = 8, 100
RATES = (1e-3, 2e-5)
NOTHING = -100
"""The label of a position whose loss does not count."""

Rows = list[tuple[list[int], list[int]]]
"""Ids, and the label of each."""


def main() -> None:
    """Prints a line for each type and rate."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else STEPS
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else MODEL_FOLDER
    batches = sentences(folder, steps)
    for dtype in (torch.float32, torch.float64):
        for rate in RATES:
            one, other = (losses(folder, batches, dtype, rate, turned) for turned in (False, True))
            apart = [abs(a - b) for a, b in zip(one, other, strict=True)]
            print(
                f"{str(dtype).removeprefix('torch.')}, rate {rate:g}: first step {apart[0]:.1e}, largest of "
                f"{steps} steps {max(apart):.1e}; loss {one[0]:.3f} to {one[-1]:.3f}",
                flush=True,
            )


def sentences(folder: Path, steps: int) -> list[Rows]:
    """Batches of the sample data's sentences, again from the first where there are too few."""
    info = DATASETS["phrasebank-sample"]
    prompts = prompts_to_learn(
        open_tokenizer(folder), info.read(), info.phrasing, A_STEP * steps, 0
    )
    rows = [([*p.ids, *p.target_ids], [NOTHING] * len(p.ids) + list(p.target_ids)) for p in prompts]
    return [[rows[(A_STEP * n + k) % len(rows)] for k in range(A_STEP)] for n in range(steps)]


def losses(
    folder: Path, batches: list[Rows], dtype: torch.dtype, rate: float, turned: bool
) -> list[float]:
    """Of each step; `turned`: the rows of a batch stand in the other order."""
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype)
    config = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
    model = get_peft_model(base, config)
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    for weight in learned:
        weight.data = weight.data.to(dtype)
    optimizer, found = torch.optim.AdamW(learned, lr=rate, weight_decay=0.0), []
    for rows in batches:
        width = max(len(ids) for ids, _ in rows)
        order = rows[::-1] if turned else rows
        ids, labels, mask = (
            torch.tensor([of + [fill] * (width - len(of)) for of in column])
            for column, fill in (
                ([ids for ids, _ in order], 0),
                ([labels for _, labels in order], NOTHING),
                ([[1] * len(ids) for ids, _ in order], 0),
            )
        )
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


if __name__ == "__main__":
    main()
