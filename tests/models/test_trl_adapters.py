"""Adapters that TRL trained: the very folder that its trainer leaves, and one that TRL itself writes where it is installed."""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.engines import open_engine
from harness.engines.protocol import ChoiceQuestion, EngineSpec
from harness.models.adapters import check_adapter
from harness.models.merge.merge import merge
from harness.plan.builder import make_plan
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.suite.reader import read_suite
from tests.benchmarks.places import PEER_TRL, REPOSITORY
from tests.engines.plain import plain_hf

QUESTION = ChoiceQuestion((1, 300, 310, 320), ((300,), (310, 2)))
BESIDE = (
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "training_args.bin",
    "trainer_state.json",
)
"""What `save_model` and a checkpoint's folder hold beside the adapter and the tokenizer."""
LORA = {"r": 4, "lora_alpha": 8.0, "lora_dropout": 0.0, "target_modules": "all-linear"}


class Unpickled:
    """Leaves a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def by_peft(base: Path, examples: Path, out: Path, trap: Path) -> Path:
    """A few steps by plain PEFT, saved as TRL 1.16 saves a checkpoint.

    Its pickles make the file `trap` where someone loads them.
    """
    torch.manual_seed(0)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model: Any = get_peft_model(plain, LoraConfig(task_type="CAUSAL_LM", **LORA))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    for line in examples.read_text().splitlines():
        row = json.loads(line)
        ids = torch.tensor([row["prompt_ids"] + row["target_ids"]])
        labels = ids.clone()
        labels[0, : len(row["prompt_ids"])] = -100
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(base).save_pretrained(out)
    for name in BESIDE:
        (out / name).write_bytes(pickle.dumps(Unpickled(trap)))
    config = json.loads((out / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "/home/someone/models/base"
    (out / "adapter_config.json").write_text(json.dumps(config))
    return out


def by_trl(base: Path, examples: Path, out: Path) -> Path:
    """A few steps by TRL, in its own environment."""
    request = {
        "op": "run", "weights": str(base), "examples": str(examples), "lora": LORA, "out": str(out),
        "settings": {"learning_rate": 5e-3, "num_train_epochs": 3}, "threads": 1,
    }  # fmt: skip
    done = subprocess.run(
        [PEER_TRL / "bin" / "python", "-m", "tests.benchmarks.peers.trl_server"],
        input=json.dumps(request), capture_output=True, text=True, cwd=REPOSITORY, timeout=300,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", "HOME": str(out.parent)},
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert "error" not in answer, done.stderr
    return out


def scores(weights: Path, adapter: Path | None = None) -> list[float]:
    """What the harness's engine says."""
    given = None if adapter is None else str(adapter)
    engine = open_engine(EngineSpec(str(weights), adapter=given, dtype="float32", threads=1))
    return dict(engine.choose([QUESTION]))[0]


def holds(base: Path, adapter: Path, folder: Path) -> None:
    """A suite takes it, and its answers are those of plain PEFT, unmerged and merged."""
    suite = folder / "suite.yaml"
    suite.write_text(
        f"name: trl\nmodels:\n  base: {{source: {base}}}\n"
        f"  tuned: {{from: base, adapter: {adapter}}}\n  f16: {{from: tuned, gguf: F16}}\n"
        "tasks:\n  w: {type: write, prompts: [hello]}\n"
    )
    read = read_suite(suite, known())
    steps = make_plan(read, resolve(read, folder / "home")).steps
    assert {"merge", "convert"} <= {step.kind for step in steps.values()}
    check_adapter(adapter, base, merged=True)
    right = plain_hf(base, adapter).choose(QUESTION)
    assert scores(base) != pytest.approx(right, abs=1e-2)
    assert scores(base, adapter) == pytest.approx(right, abs=2e-5)
    (folder / "merged").mkdir()
    merge(base, adapter, folder / "merged", "full")
    assert scores(folder / "merged") == pytest.approx(right, abs=0.02)


def test_a_folder_as_trl_leaves_it_is_read_and_none_of_its_pickles(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "unpickled"
    holds(tiny, by_peft(tiny, examples, tmp_path / "adapter", trap), tmp_path)
    assert not trap.exists()
    pickle.loads((tmp_path / "adapter" / BESIDE[0]).read_bytes())
    assert trap.exists()


@pytest.mark.slow
@pytest.mark.skipif(
    not (PEER_TRL / "bin" / "python").exists(),
    reason="TRL is not installed: `make .venv-trl/.installed` does it",
)
def test_what_trl_trained_is_read(tiny: Path, examples: Path, tmp_path: Path) -> None:
    adapter = by_trl(tiny, examples, tmp_path / "adapter")
    assert {"adapter_config.json", "training_args.bin"} <= {f.name for f in adapter.iterdir()}
    holds(tiny, adapter, tmp_path)
