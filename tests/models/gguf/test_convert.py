"""Conversion, quantization, and reading what came out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file as load_numpy

from harness.engines.gguf_file import gguf_info
from harness.engines.gguf_header import TENSOR_TYPES
from harness.errors import BadModelError, InputError, KilledError, OutOfMemoryError
from harness.models.gguf.convert import convert
from harness.models.gguf.quantize import QTYPES, quantize

READ_WITH_GGUF_PY = """
import json, sys
from gguf import GGUFReader
from gguf.constants import GGML_QUANT_SIZES
if len(sys.argv) == 2:
    tensors = GGUFReader(sys.argv[1]).tensors
    found = {t.name: [t.tensor_type.name, int(t.n_elements), int(t.n_bytes)] for t in tensors}
else:
    found = {int(kind): [kind.name, *size] for kind, size in GGML_QUANT_SIZES.items()}
print(json.dumps(found))
"""


def by_gguf_py(sources: Path, *arguments: str) -> dict[str, list[int | str]]:
    """What llama.cpp's own Python package reads: the second implementation."""
    done = subprocess.run(
        [sys.executable, "-c", READ_WITH_GGUF_PY, *arguments],
        env={**os.environ, "PYTHONPATH": str(sources / "gguf-py")},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[int | str]] = json.loads(done.stdout)
    return found


def test_an_f16_file_has_every_weight_of_the_model(tiny: Path, tiny_f16: Path) -> None:
    import torch
    from safetensors.torch import load_file

    weights = load_file(tiny / "model.safetensors")
    info = gguf_info(tiny_f16)
    assert info.architecture == "llama"
    assert info.parameters == sum(weight.numel() for weight in weights.values())
    vectors = sum(w.numel() for w in weights.values() if w.dim() == 1)
    expected_bits = (16 * (info.parameters - vectors) + 32 * vectors) / info.parameters
    assert info.bits_per_weight == pytest.approx(expected_bits)
    assert torch.float16.itemsize * info.parameters < info.file_bytes


@pytest.mark.parametrize("qtype", ["Q4_K_M", "Q5_K_M", "Q8_0", "IQ4_XS"])
def test_sizes_are_those_that_llama_cpp_reads(
    tiny_f16: Path, llama_cpp_sources: Path, tmp_path: Path, qtype: str
) -> None:
    out = tmp_path / "out.gguf"
    quantize(tiny_f16, out, qtype, threads=1)
    info = gguf_info(out)
    ours = {tensor.name: [tensor.type, tensor.parameters, tensor.bytes] for tensor in info.tensors}
    assert ours == by_gguf_py(llama_cpp_sources, str(out))
    assert info.bits_per_weight == pytest.approx(8 * info.tensor_bytes / info.parameters)
    assert info.bits_per_weight < gguf_info(tiny_f16).bits_per_weight
    assert info.parameters == gguf_info(tiny_f16).parameters


def test_the_table_of_types_is_ggmls(llama_cpp_sources: Path) -> None:
    theirs = by_gguf_py(llama_cpp_sources)
    for number, row in TENSOR_TYPES.items():
        assert theirs[str(number)] == list(row)


def test_the_ladder_gets_smaller_and_rounder(tiny: Path, tiny_f16: Path, tmp_path: Path) -> None:
    sizes = [gguf_info(tiny_f16).bits_per_weight]
    for qtype in ("Q8_0", "Q5_K_M", "Q4_K_M"):
        quantize(tiny_f16, tmp_path / f"{qtype}.gguf", qtype, threads=1)
        info = gguf_info(tmp_path / f"{qtype}.gguf")
        sizes.append(info.bits_per_weight)
        inner = {tensor.type for tensor in info.tensors if "ffn_gate" in tensor.name}
        assert inner == {qtype.removesuffix("_M")}
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] == pytest.approx(8.5, abs=0.1)


def test_quantizing_twice_gives_the_same_bytes(tiny_f16: Path, tmp_path: Path) -> None:
    for name, threads in (("a", 1), ("b", 2)):
        quantize(tiny_f16, tmp_path / name, "Q4_K_M", threads=threads)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_listed_quantization_is_made(tiny_f16: Path, tmp_path: Path) -> None:
    quick = [name for name in QTYPES if not name.startswith("IQ")]
    for qtype in quick:
        quantize(tiny_f16, tmp_path / "out.gguf", qtype, threads=1)
        assert gguf_info(tmp_path / "out.gguf").bits_per_weight < 9


def test_an_unknown_quantization_is_refused(tiny_f16: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Q4_K_X") as caught:
        quantize(tiny_f16, tmp_path / "out.gguf", "Q4_K_X")
    assert "Q4_K_M" in caught.value.hint


@pytest.mark.parametrize("kept", [0, 3, 20, 500, 0.5, 0.999])
def test_a_truncated_file_is_refused(tiny_f16: Path, tmp_path: Path, kept: float) -> None:
    cut = Path(shutil.copyfile(tiny_f16, tmp_path / "cut.gguf"))
    os.truncate(cut, int(kept if kept > 1 else kept * tiny_f16.stat().st_size))
    with pytest.raises(BadModelError, match=r"cut\.gguf"):
        quantize(cut, tmp_path / "out.gguf", "Q8_0")


def test_a_damaged_header_is_refused(tiny_f16: Path, tmp_path: Path) -> None:
    whole = tiny_f16.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, 2000, 60):
        damaged = tmp_path / "damaged.gguf"
        damaged.write_bytes(whole[:place] + bytes(random.integers(0, 256, 8).tolist()) + whole)
        with pytest.raises(BadModelError):
            gguf_info(damaged)


def test_what_llama_cpp_refuses_is_told_in_its_words(tiny_f16: Path, tmp_path: Path) -> None:
    quantize(tiny_f16, tmp_path / "q8.gguf", "Q8_0", threads=1)
    with pytest.raises(BadModelError, match="requantiz"):
        quantize(tmp_path / "q8.gguf", tmp_path / "out.gguf", "Q4_K_M", threads=1)


def test_a_converter_that_was_killed_says_nothing_of_the_model(
    tiny: Path, llama_cpp_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(llama_cpp_sources, tmp_path / "llama.cpp"))
    script = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    (copy / "convert_hf_to_gguf.py").write_text(script)
    monkeypatch.setenv("HARNESS_LLAMA_CPP", str(copy))
    with pytest.raises(KilledError, match=r"llama\.cpp's converter was ended from outside"):
        convert(tiny, tmp_path / "out.gguf")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("bytes(1 << 62)", "MemoryError"),
        ("raise OSError(12, os.strerror(12))", "Cannot allocate memory"),
        ("os.write(2, b'what():  std::bad_alloc'); os.abort()", "std::bad_alloc"),
    ],
)
def test_a_converter_that_had_no_memory_says_nothing_of_the_model_either(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, said: str
) -> None:
    (tmp_path / "convert_hf_to_gguf.py").touch()
    (tmp_path / "gguf.py").write_text(f"import os\n{does}\n")
    monkeypatch.setattr("harness.models.gguf.convert.find_llama_cpp", lambda: tmp_path)
    with pytest.raises(OutOfMemoryError, match=f"since memory ran out: .*{re.escape(said)}"):
        convert(tiny, tmp_path / "out.gguf")


def test_a_model_that_the_converter_does_not_know_is_told_in_its_words(
    tiny: Path, tmp_path: Path, llama_cpp_sources: Path
) -> None:
    strange = Path(shutil.copytree(tiny, tmp_path / "strange"))
    config = json.loads((strange / "config.json").read_text())
    config["architectures"] = ["NoSuchForCausalLM"]
    (strange / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModelError, match="NoSuchForCausalLM") as caught:
        convert(strange, tmp_path / "out.gguf")
    assert "HARNESS_LLAMA_CPP" in caught.value.hint


def test_a_truncated_model_is_refused_before_the_converter_starts(
    tiny: Path, tmp_path: Path
) -> None:
    cut = Path(shutil.copytree(tiny, tmp_path / "cut"))
    os.truncate(cut / "model.safetensors", 1000)
    with pytest.raises(BadModelError, match=r"model\.safetensors"):
        convert(cut, tmp_path / "out.gguf")


def test_the_f16_file_is_exactly_the_merged_weights(
    tiny: Path, examples: Path, tmp_path: Path, llama_cpp_sources: Path
) -> None:
    from harness.models.finetune.recipe import Recipe
    from harness.models.finetune.run import finetune
    from harness.models.merge.merge import merge

    recipe = Recipe(epochs=1.0, learning_rate=5e-3, rank=4)
    finetune(tiny, examples, recipe, tmp_path / "adapter", lambda *_: None, threads=1)
    merge(tiny, tmp_path / "adapter", tmp_path / "merged", "full")
    convert(tmp_path / "merged", tmp_path / "f16.gguf")
    merged = load_numpy(tmp_path / "merged" / "model.safetensors")
    saved = merged["model.layers.1.mlp.gate_proj.weight"]
    assert saved.tobytes() in (tmp_path / "f16.gguf").read_bytes()
