"""Fine-tunings that cannot come to their end, as their user meets them: exit code, one message, nothing left behind."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.models.finetune import run as run_module
from harness.models.finetune.checkpoints import Checkpoints
from tests.cli.test_commands import run as command
from tests.models.finetune.interrupting import break_late, keep_each_step
from tests.pipeline.in_process import run_here

SUITE = """\
name: faults
defaults: {{seed: 0, limit: 2}}
models:
  base: {{source: {base}}}
  tuned: {{from: base, finetune: {{method: lora, tasks: [labels], validation: 4, {more}}}}}
tasks:
  labels:
    type: classify
    dataset: {{train: train.csv, test: test.csv, prompt: "{{{{ text }}}}", target: "{{{{ label }}}}"}}
"""
LABELS = ("no", "yes")


class Place:
    """A folder with a suite over the user's own data, and how the command went there."""

    def __init__(self, folder: Path, base: Path, monkeypatch: Any, capsys: Any) -> None:
        self.folder, self._base = folder, base
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("HARNESS_HOME", str(folder / "home"))
        monkeypatch.setenv("COLUMNS", "400")
        monkeypatch.chdir(folder)

    def run(self, more: str, train: int = 24) -> tuple[int, str]:
        """Exit code, and all that was said."""
        for part, count in (("train", train), ("test", 4)):
            rows = "".join(f"{part} row {n},{LABELS[n % 2]}\n" for n in range(count))
            (self.folder / f"{part}.csv").write_text(f"text,label\n{rows}")
        (self.folder / "suite.yaml").write_text(SUITE.format(base=self._base, more=more))
        words = ("run", "suite.yaml", "--jobs", 1)
        code, out, err = command(*words, monkeypatch=self._monkeypatch, capsys=self._capsys)
        return code, " ".join((out + err).split())

    @property
    def made(self) -> list[Path]:
        """Of fine-tunings, whole or in part; locks aside."""
        folder = self.folder / "home" / "artifacts" / "finetune"
        return [path for path in folder.glob("*") if path.suffix != ".lock"]

    @property
    def work(self) -> list[str]:
        """Files that the next run may go on from."""
        files = (file for file in (self.folder / "home" / "work").rglob("*") if file.is_file())
        return sorted(file.name for file in files)


@pytest.fixture
def place(
    tmp_path: Path,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    run_here(monkeypatch)
    return Place(tmp_path, tiny, monkeypatch, capsys)


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after each step."""
    keep_each_step(monkeypatch)


def test_rank_0_is_refused_with_its_line(place: Place) -> None:
    code, said = place.run("rank: 0")
    assert code == 2 and "suite.yaml:5" in said and "rank" in said
    assert place.made == [] and place.work == [] and not (place.folder / "results").exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("target_modules: [no_such]", "no_such"),
        ("modules_to_save: [no_such]", "modules_to_save names `no_such`"),
        ("rank_pattern: {no_such: 3}", "rank_pattern names `no_such`"),
    ],
)
def test_a_module_that_is_not_there_is_named_with_those_that_are(
    place: Place, more: str, named: str
) -> None:
    code, said = place.run(more)
    assert code in (1, 2) and named in said and "q_proj" in said and "Traceback" not in said
    assert place.made == [] and place.work == []


def test_without_an_example_to_learn_the_data_are_named(place: Place) -> None:
    code, said = place.run("rank: 4", train=0)
    assert code in (1, 2) and "train" in said and "Traceback" not in said
    assert place.made == [] and place.work == []


def test_a_rate_that_is_too_high_ends_with_the_reason(place: Place) -> None:
    code, said = place.run("rank: 4, learning_rate: 1.0e+30")
    assert code == 1 and "Training diverged" in said and "Lower the learning rate" in said
    assert place.made == []


@pytest.mark.usefixtures("each_step")
def test_a_training_that_breaks_late_names_its_last_good_weights(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_late(monkeypatch)
    code, said = place.run("rank: 4, learning_rate: 5.0e-3, batch_tokens: 96, epochs: 3")
    assert code == 1 and "Training diverged" in said and "best weights until then" in said
    assert place.made == []
    best = [name for name in place.work if name.startswith("best-")]
    assert best and "checkpoint.pt" in place.work
    step = best[-1].removeprefix("best-").removesuffix(".safetensors")
    assert f"of step {step} with" in said and str(place.folder / "home" / "work") in said


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """The system lets no file grow beyond so many bytes, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("full", ["best weights", "checkpoint", "adapter"])
def test_a_full_disk_is_named_and_leaves_no_half(
    place: Place, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """The real writers meet a real limit of the system: safetensors' and torch's own words for it differ."""
    owner, name = {
        "best weights": (Checkpoints, "keep"),
        "checkpoint": (Checkpoints, "save"),
        "adapter": (run_module, "save_tuned"),
    }[full]
    usual = getattr(owner, name)

    def limited(*given: Any) -> None:
        with files_up_to(20_000):
            usual(*given)

    settings = "rank: 8, learning_rate: 1.0e-3, epochs: 1"
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, limited)
        code, said = place.run(settings)
    assert code == 1 and "The disk has no room for" in said and "HARNESS_HOME" in said
    assert place.made == [] and not [name for name in place.work if name.startswith(".")]
    _, again = place.run(settings)
    assert len(place.made) == 1 and place.work == [] and "no room" not in again
