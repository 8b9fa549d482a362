"""More GPUs than this machine has are named before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.plan.cell_params import CellParams, LoadOptions, Serving
from harness.plan.steps import Step, make_step
from harness.runner import gpus
from harness.runner.gpus import refuse_without_gpus, seen_gpus
from harness.suite.schema import ClassifyTask
from tests.cli.test_commands import run


def cell(name: str, **options: object) -> Step:
    task = ClassifyTask(type="classify", dataset="d")
    params = CellParams(task=task, options=LoadOptions(**options), seed=0)
    return make_step("cell", f"ask {name}: d", params, {}, {}, model=name, task="d")


def with_gpus(monkeypatch: pytest.MonkeyPatch, count: int, visible: str | None = None) -> None:
    monkeypatch.setattr(gpus, "nvidia_smi", lambda *_: [["A"]] * count)
    monkeypatch.setattr(gpus, "_may_compute_on_gpus", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


@pytest.mark.parametrize(
    ("count", "visible", "seen"),
    [(0, None, 0), (0, "0,1", 0), (4, None, 4), (4, "0,1", 2), (4, "", 0), (4, "-1", 0), (2, "0,1,2", 2)],
)  # fmt: skip
def test_gpus_are_those_that_a_process_sees(
    monkeypatch: pytest.MonkeyPatch, count: int, visible: str | None, seen: int
) -> None:
    with_gpus(monkeypatch, count, visible)
    assert seen_gpus() == seen


def test_a_model_that_wants_more_is_named_and_the_widest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_gpus(monkeypatch, 1)
    refuse_without_gpus([cell("a"), cell("b", devices=1)])
    with pytest.raises(InputError, match=r"ask c: d: .* 4 GPUs, and this machine has 1 .1 other step") as e:  # fmt: skip
        refuse_without_gpus([cell("a"), cell("b", devices=2), cell("c", tensor_split=(1, 1, 1, 1))])
    assert "--executor ray" in e.value.hint


def test_nothing_is_refused_that_only_a_library_could_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 0)
    monkeypatch.setattr(gpus, "_may_compute_on_gpus", lambda: True)
    refuse_without_gpus([cell("a", devices=2)])


def test_a_processor_that_is_asked_for_needs_no_gpu() -> None:
    serving = Serving(server="vllm", api="completions", tensor_parallel=2)
    task = ClassifyTask(type="classify", dataset="d")
    on_cpu = LoadOptions(device="cpu")
    assert CellParams(task=task, options=on_cpu, seed=0, serving=serving).gpus == 0
    assert CellParams(task=task, options=LoadOptions(), seed=0, serving=serving).gpus == 2


def test_a_run_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_gpus(monkeypatch, 0)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    suite = tmp_path / "s.yaml"
    suite.write_text(
        "name: s\nmodels:\n  big: {source: starter, engine: {devices: 2}}\n"
        "tasks:\n  t: {type: classify, dataset: phrasebank-sample}\n"
    )
    results = str(tmp_path / "results")
    code, _, told = run("run", suite, "--results", results, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "ask big: t: its model is to be laid over 2 GPUs, and this machine has none" in told


def test_headers_of_a_build_for_processors_are_no_libraries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = [
        Path("include/ggml-cuda.h"),
        Path("lib/libggml-base.so"),
        Path("lib/libggml-vulkan.so"),
    ]
    monkeypatch.setattr("importlib.metadata.files", lambda _: files)
    assert not gpus.llama_has("ggml-cuda", "ggml-metal")
    assert gpus.llama_has("ggml-cuda", "ggml-vulkan")
