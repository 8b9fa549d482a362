"""Models, adapters and GGUFs that lie, named by a suite: told by what is wrong with them before anything is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.plan.params import SourceParams
from harness.runner.sources import check_source
from harness.starter import MODEL_FOLDER
from tests.hostile.cases import AsProcesses, processes
from tests.hostile.gguf_made import small

__all__ = ["processes"]

Damage = Callable[[Path], object]


def json_of(name: str, **changed: Any) -> Damage:
    """A JSON file of the folder says something else."""

    def damage(folder: Path) -> None:
        file = folder / name
        known = json.loads(file.read_text()) if file.is_file() else {}
        file.write_text(json.dumps({**known, **changed}))

    return damage


def content(name: str, data: str | bytes) -> Damage:
    """A file of the folder holds something else."""
    return lambda folder: (folder / name).write_bytes(
        data.encode() if isinstance(data, str) else data
    )


def header(data: bytes, behind: int = 0) -> bytes:
    return len(data).to_bytes(8, "little") + data + bytes(behind)


WEIGHTS = "model.safetensors"
MODELS: dict[str, tuple[Damage, str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "holds no weights"),
    "a config of text": (content("config.json", "hello"), "is not valid JSON"),
    "a config of bytes": (content("config.json", b"\xff\xfe"), "is not valid JSON"),
    "a config of lists": (content("config.json", "[1]"), "holds no JSON object"),
    "a config nested deep": (content("config.json", '{"a":' * 100_000), "nested too deep"),
    "a config of NaN": (content("config.json", '{"a": NaN}'), "holds NaN"),
    "a config of 5,000 digits": (content("config.json", '{"a": ' + "9" * 5000 + "}"), "not valid JSON"),
    "no type": (json_of("config.json", model_type=None), "names no `model_type`"),
    "a type of lists": (json_of("config.json", model_type=["llama"]), "`model_type` is"),
    "2^31 layers": (json_of("config.json", num_hidden_layers=1 << 31), "`num_hidden_layers` is"),
    "4,000 layers": (json_of("config.json", num_hidden_layers=4000), "weights beside it are"),
    "layers of text": (json_of("config.json", num_hidden_layers="4"), "`num_hidden_layers` is '4'"),
    "a width of 10^12": (json_of("config.json", hidden_size=10**12), "`hidden_size` is"),
    "a width of -1": (json_of("config.json", hidden_size=-1), "`hidden_size` is -1"),
    "a vocabulary of 2^40": (json_of("config.json", vocab_size=1 << 40), "`vocab_size` is"),
    "an epsilon of infinity": (content("config.json", '{"rms_norm_eps": Infinity}'), "`rms_norm_eps` is inf"),
    "a text part of text": (json_of("config.json", text_config="x"), "`text_config` is 'x'"),
    "empty weights": (content(WEIGHTS, b""), "less than its header"),
    "weights of a page": (content(WEIGHTS, "<!doctype html><html>"), "less than its header"),
    "weights of nothing": (content(WEIGHTS, header(b"{}", 5)), "its header says 10"),
    "a header of text": (content(WEIGHTS, header(b"hello")), "header is not readable"),
    "a header nested deep": (content(WEIGHTS, header(b'{"a":' * 100_000)), "nested too deep"),
    "a header of 2^62 bytes": (content(WEIGHTS, (1 << 62).to_bytes(8, "little")), "less than its header"),
    "an index of text": (json_of(WEIGHTS + ".index.json", weight_map="x"), "names no files"),
    "an index out of its folder": (
        json_of(WEIGHTS + ".index.json", weight_map={"a": "../../../etc/passwd"}),
        "names no files of this folder",
    ),
    "an index at the root": (
        json_of(WEIGHTS + ".index.json", weight_map={"a": "/etc/passwd"}),
        "names no files of this folder",
    ),
    "an adapter beside it": (content("adapter_config.json", "{}"), "holds an adapter"),
}  # fmt: skip
INDEXED = ("an index",)


class Named:
    """What `check_source` asks of a step: which kind of files it names."""

    def __init__(self, what: str) -> None:
        self._what = what

    def given(self, kind: type[SourceParams]) -> Any:
        return self

    @property
    def what(self) -> str:
        """Weights, an adapter or a GGUF."""
        return self._what


def copied(folder: Path) -> Path:
    """The starter's files: small ones as they are, so that they can be damaged, the weights by a link."""
    folder.mkdir()
    for file in MODEL_FOLDER.iterdir():
        if file.suffix == ".safetensors":
            (folder / file.name).symlink_to(file)
        elif file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize("name", MODELS)
def test_a_model_folder_that_lies_is_told_from_its_files(name: str, tmp_path: Path) -> None:
    damage, says = MODELS[name]
    folder = copied(tmp_path / "model")
    if name.startswith(INDEXED) or name.split()[0] in ("empty", "weights") or "header" in name:
        (folder / WEIGHTS).unlink()
    damage(folder)
    failure = check_source(Named("weights"), folder, {})  # type: ignore[arg-type]
    assert failure is not None and failure.kind == "bad-model"
    assert says in failure.message and failure.hint, failure
    assert str(folder) in failure.message


def test_a_model_folder_that_does_not_lie_is_let_through(tmp_path: Path) -> None:
    folder = copied(tmp_path / "model")
    assert check_source(Named("weights"), folder, {}) is None  # type: ignore[arg-type]


SUITE = """\
name: lying
models:
  base: {gguf: lying.gguf}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}
"""


@pytest.mark.parametrize("architecture", ["\x1b[31mllama\x1b[0m", "llama\u202e", "../llama", ""])
def test_a_gguf_that_lies_is_said_by_the_plan_and_steers_no_terminal(
    architecture: str, processes: AsProcesses
) -> None:
    gguf = small()
    gguf.values["general.architecture"].value = architecture
    file = gguf.write(processes.here / "lying.gguf")
    (processes.here / "suite.yaml").write_text(SUITE)
    said = processes.run("plan", "{here}/suite.yaml", "--no-probe")
    assert said.code == 2 and "Will it fit?" in said.out, said
    processes.is_clear(said)
    assert said.err.startswith(f"error: base: {file} ")
    assert "its architecture is" in " ".join((said.out + said.err).split())
    assert "\x1b[31m" not in said.out + said.err and "\u202e" not in said.out + said.err
    failure = check_source(Named("gguf"), file, {})  # type: ignore[arg-type]
    assert failure is not None and failure.kind == "bad-model" and failure.hint
    assert "its architecture is" in failure.message and failure.message.isprintable()
