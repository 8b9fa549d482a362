"""Workers that really run out of memory, as the user of a run meets it: the kernel refuses what they ask for beyond a limit.

A model of one layer that is 200,000 wide takes 1.6 MB for each token of a pass, so that batches matter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from harness.engines.memory import own_groups
from harness.interpreter import ROOT
from harness.records import Cell, Sample, Value
from harness.results.store import ResultsStore, read_summary
from harness.starter import MODEL_FOLDER
from tests.cli.test_commands import run as command
from tests.forking import MORE_BYTES, UNSEEN, Forks, forked_workers

SUITE = """\
name: full
forgetting: false
defaults: {seed: 0, limit: 8}
models:
  wide: {source: wide, dtype: float32}
  starter: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 3, limit: 6}
"""
MIB = 1 << 20
ENOUGH, TOO_LITTLE = 500, 200
"""MiB that a worker may come to hold beside what it begins with: enough for a few hundred tokens, and too little for
the prompts' own hundred."""


@dataclass
class Place:
    """A folder with a suite, and how the command goes there."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, more: int | None = None, unseen: bool = False) -> tuple[int, str]:
        """Exit code, and all that was said, of a run whose workers may come to hold so many MiB more than they begin
        with."""
        self.monkeypatch.setenv(UNSEEN, "1" if unseen else "")
        if more is None:
            self.monkeypatch.delenv(MORE_BYTES, raising=False)
        else:
            self.monkeypatch.setenv(MORE_BYTES, str(more * MIB))
        asked = ("run", "full.yaml", "--jobs", 1)
        code, out, err = command(*asked, monkeypatch=self.monkeypatch, capsys=self.capsys)
        return code, " ".join((out + err).split())

    @property
    def results(self) -> Path:
        return self.folder / "results" / "full"

    def cells(self) -> dict[tuple[str, str], Cell]:
        return {(cell.model, cell.task): cell for cell in read_summary(self.results).cells}

    def samples(self, model: str) -> dict[str, list[Sample]]:
        """What a model answered, by task."""
        store = ResultsStore(self.results)
        return {
            cell.task: store.cell(model, cell.task).samples(cell.samples_key)
            for cell in self.cells().values()
            if cell.model == model
        }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wide model, and what a home remembers of it and of this machine."""
    folder = tmp_path_factory.mktemp("shared")
    keep_out = shutil.ignore_patterns("*.safetensors", "config.json")
    shutil.copytree(MODEL_FOLDER, folder / "wide", ignore=keep_out)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096, hidden_size=16, intermediate_size=200_000, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=1024, initializer_range=0.1, tie_word_embeddings=False,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(str(folder / "wide"))
    return folder


@pytest.fixture
def place(
    tmp_path: Path, shared: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:  # fmt: skip
    (tmp_path / "wide").symlink_to(shared / "wide")
    (tmp_path / "full.yaml").write_text(SUITE)
    monkeypatch.setenv("HARNESS_HOME", str(shared / "home"))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)
    with forked_workers(forks):
        yield Place(tmp_path, monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("unseen", [True, False])
def test_smaller_batches_let_a_cell_finish_with_the_same_answers(
    place: Place, unseen: bool
) -> None:
    """A limit that the worker sees has it begin with less; one that it does not see has it run out, and go on with less."""
    code, said = place.run()
    assert code == 0, said
    free, answers = place.cells(), place.samples("wide")
    shutil.rmtree(place.results)
    code, said = place.run(more=ENOUGH, unseen=unseen)
    assert code == 0, said
    for (model, task), cell in place.cells().items():
        batch, before = cell.engine["batch"], free[model, task].engine["batch"]
        smaller = [name for name in ("tokens", "sequences") if batch[name] < before[name]]
        assert bool(smaller) == (model == "wide"), (model, task, batch)
        close(cell.metrics, free[model, task].metrics)
    for task, found in place.samples("wide").items():
        assert [s.answer for s in found] == [s.answer for s in answers[task]]
        for one, other in zip(found, answers[task], strict=True):
            assert one.data.get("logprobs", {}) == pytest.approx(
                other.data.get("logprobs", {}), abs=1e-4
            )


def close(found: Mapping[str, Value], expected: Mapping[str, Value]) -> None:
    """Whether figures are those of another batch size."""
    values = {name: of.value for name, of in found.items()}
    assert values == pytest.approx({name: of.value for name, of in expected.items()}, abs=1e-6)


@pytest.mark.slow
def test_an_example_that_does_not_fit_fails_its_cells_alone_and_is_asked_once_there_is_room(
    place: Place,
) -> None:
    (place.folder / "full.yaml").write_text(SUITE.replace("limit: 6}", "limit: 6, models: [wide]}"))
    code, said = place.run(more=TOO_LITTLE, unseen=True)
    assert code == 1, said
    assert "Traceback" not in said
    cells = place.cells()
    for task, doing in (("sentiment", "scoring prompts"), ("dialogue", "generating")):
        error = cells["wide", task].error
        assert error is not None and error.kind == "out-of-memory", cells["wide", task]
        assert error.message == f"Memory ran out while {doing}." and error.hint
        assert error.message in said and error.hint in said
    assert cells["starter", "sentiment"].status == "ok"
    before = place.samples("starter")
    code, said = place.run()
    assert code == 0, said
    assert {cell.status for cell in place.cells().values()} == {"ok"}
    assert place.samples("starter") == before, "nothing that was answered is asked again"


GGUF_SUITE = """\
name: full
forgetting: false
defaults: {seed: 0, limit: 6}
models:
  wide: {source: wide}
  f16: {from: wide, gguf: F16}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, models: [f16]}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 3, models: [f16]}
"""


@pytest.mark.slow
def test_llama_cpp_makes_its_calls_shorter_and_answers_to_the_last_bit_as_before(
    place: Place, llama_cpp_sources: Path
) -> None:
    (place.folder / "full.yaml").write_text(GGUF_SUITE)
    code, said = place.run()
    assert code == 0, said
    free, answers = place.cells(), place.samples("f16")
    shutil.rmtree(place.results)
    code, said = place.run(more=ENOUGH)
    assert code == 0, said
    for (_, task), cell in place.cells().items():
        assert cell.engine["batch"]["tokens"] < free["f16", task].engine["batch"]["tokens"] == 512
        assert cell.metrics == free["f16", task].metrics
    told = [
        {task: [(s.id, s.answer, s.scores, s.data) for s in of] for task, of in found.items()}
        for found in (answers, place.samples("f16"))
    ]
    assert told[0] == told[1]
    shutil.rmtree(place.results)
    for too_little in (
        TOO_LITTLE // 2,
        TOO_LITTLE // 5,
    ):  # for a call of 32 tokens, and for a thread
        code, said = place.run(more=too_little)
        assert code == 1, said
        for cell in place.cells().values():
            assert cell.error is not None and cell.error.kind == "out-of-memory", cell.error
            assert cell.error.hint


TUNED_SUITE = """\
name: full
forgetting: false
defaults: {seed: 0, limit: 4}
models:
  wide: {source: wide}
  tuned:
    from: wide
    finetune: {method: lora, tasks: [sentiment], rank: 2, limit: 8, epochs: 1, batch_tokens: 256, dtype: float32}
  starter: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, models: [tuned, starter]}
"""


@pytest.mark.slow
def test_a_fine_tuning_that_does_not_fit_says_what_to_lower_and_is_done_once_there_is_room(
    place: Place,
) -> None:
    (place.folder / "full.yaml").write_text(TUNED_SUITE)
    code, said = place.run(more=ENOUGH)
    assert code == 1, said
    cells = place.cells()
    error = cells["tuned", "sentiment"].error
    assert error is not None and error.kind == "out-of-memory"
    assert error.message.startswith(
        "could not fine-tune tuned (LoRA, rank 2): Fine-tuning ran out of memory on cpu at step 1"
    )
    assert "batch_tokens" in error.hint and "tried twice" not in error.message
    assert cells["starter", "sentiment"].status == "ok"
    code, said = place.run()
    assert code == 0, said


HUNGRY_SUITE = """\
name: full
forgetting: false
defaults: {seed: 0, limit: 2}
models: {starter: {source: starter}}
tasks:
  hungry: {type: summarize, dataset: dialogue-sample, max_new_tokens: 2, metrics: [{python: "own.py:hungry"}]}
  sentiment: {type: classify, dataset: phrasebank-sample}
"""
HUNGRY = """\
def hungry(prediction, target):
    return float(len(b"x" * (8 << 30)) > 0)
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of 1.5 GiB below this process's own."""
    own = next((one for one in own_groups() if (one / "memory.limit_in_bytes").is_file()), None)
    if own is None:
        pytest.skip("only the first version of control groups lets one be made below a process")
    made = own / f"tests-{os.getpid()}"
    try:
        made.mkdir()
        (made / "memory.limit_in_bytes").write_text(str(1536 * MIB))
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    yield made
    made.rmdir()


@pytest.mark.slow
def test_a_worker_that_the_kernel_ends_for_want_of_memory_is_said_to_be(
    group: Path, tmp_path: Path
) -> None:
    (tmp_path / "full.yaml").write_text(HUNGRY_SUITE)
    (tmp_path / "own.py").write_text(HUNGRY)
    within = ["sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', str(group)]
    done = subprocess.run(
        [*within, sys.executable, "-m", "harness", "run", "full.yaml", "--jobs", "1"],
        cwd=tmp_path,
        env={**os.environ, "HARNESS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done
    cells = {cell.task: cell for cell in read_summary(tmp_path / "results" / "full").cells}
    error = cells["hungry"].error
    assert error is not None and error.kind == "out-of-memory"
    assert error.message.startswith("the kernel ended the worker because memory ran out (it held ")
    assert "its container's or group's" in error.message and "tried twice" in error.message
    assert cells["sentiment"].status == "ok"
