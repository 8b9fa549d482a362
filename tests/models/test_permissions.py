"""Code and pickles of a model: refused, unless the suite names the model; then that model alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from harness.engines import open_engine
from harness.engines.permissions import Permissions, granted, permissions_of
from harness.engines.protocol import EngineSpec
from harness.engines.tokenizer import open_tokenizer
from harness.engines.weight_files import adapter_files
from harness.errors import BadModelError
from harness.models.finetune.base_model import count_linear_weights, linears_read_as
from harness.models.gguf.convert import convert
from harness.models.sources import check_model_folder, fingerprint_folder
from tests.models.own_code import Command, with_own_code, with_pickle
from tests.pipeline.conftest import write_random_llama

CODE = Permissions("mine", code=True)
PICKLE = Permissions("mine", pickle=True)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "llama"
    write_random_llama(folder)
    return folder


@pytest.fixture(autouse=True)
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a model's own code leaves where it was run."""
    monkeypatch.setenv("OWN_CODE_RAN", str(tmp_path / "ran"))
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(
        "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules")
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path / "ran"


def logits(folder: Path) -> torch.Tensor:
    engine = open_engine(EngineSpec(weights=str(folder), dtype="float32"))
    try:
        return torch.tensor(next(iter(engine.distributions([1, 5, 8, 20]))))
    finally:
        engine.close()


def test_a_permission_is_for_one_folder_and_ends_with_the_block(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with granted({one: CODE}):
        assert permissions_of(tmp_path / "other" / ".." / "one") == CODE
        assert permissions_of(other) == permissions_of(one / "part") == Permissions()
    assert permissions_of(one) == Permissions()


def test_an_architecture_of_its_own_runs_where_it_is_trusted(
    llama: Path, tmp_path: Path, ran: Path
) -> None:
    folder = with_own_code(llama, tmp_path / "own")
    with granted({folder: Permissions("mine")}), pytest.raises(BadModelError) as refused:
        logits(folder)
    assert "modeling_own.OwnConfig" in refused.value.message
    assert "add `trust_remote_code: true` to the model `mine`" in refused.value.hint
    assert not ran.exists()
    with granted({folder: CODE}):
        found = logits(folder)
        assert count_linear_weights(folder) == count_linear_weights(llama)
    assert ran.exists()
    halved = torch.log_softmax(logits(llama) / 2, dim=-1)
    torch.testing.assert_close(found, halved, rtol=0, atol=1e-4)


def test_matrices_of_an_architecture_of_its_own_are_read_as_they_are_kept(
    llama: Path, tmp_path: Path, ran: Path
) -> None:
    folder = with_own_code(llama, tmp_path / "own")
    with granted({folder: CODE}), linears_read_as(torch.bfloat16, folder):
        read: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, trust_remote_code=True
        )
    kinds = {name: weight.dtype for name, weight in read.named_parameters()}
    assert {name for name, dtype in kinds.items() if dtype == torch.bfloat16} == {
        name for name in kinds if "proj" in name
    }


def test_a_tokenizer_of_its_own_is_not_run(llama: Path, tmp_path: Path, ran: Path) -> None:
    folder = with_own_code(llama, tmp_path / "own")
    (folder / "tokenization_own.py").write_text((folder / "modeling_own.py").read_text())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "OwnTokenizer"
    settings["auto_map"] = {"AutoTokenizer": ["tokenization_own.OwnTokenizer", None]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(BadModelError, match=r"tokenizer_config\.json names code"):
        open_tokenizer(folder)
    assert not ran.exists()


def test_weights_in_a_pickle_are_read_where_they_are_allowed(llama: Path, tmp_path: Path) -> None:
    folder = with_pickle(llama, tmp_path / "pickled")
    for refused in (check_model_folder, logits):
        with (
            granted({folder: Permissions("mine"), llama: PICKLE}),
            pytest.raises(BadModelError, match=r"only as pickle \(pytorch_model\.bin\)") as told,
        ):
            refused(folder)
        assert "add `pickle: true` to the model `mine`" in told.value.hint
    with granted({folder: PICKLE}):
        check_model_folder(folder)
        assert torch.equal(logits(folder), logits(llama))


def test_a_pickle_that_runs_a_command_is_refused_even_so(
    llama: Path, tmp_path: Path, ran: Path
) -> None:
    folder = with_pickle(llama, tmp_path / "evil")
    torch.save({"lm_head.weight": Command(f"touch {ran}")}, folder / "pytorch_model.bin")
    with granted({folder: PICKLE}), pytest.raises(BadModelError, match="cannot be loaded"):
        logits(folder)
    assert not ran.exists()


def test_the_adapters_pickle_needs_its_own_permission(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    torch.save({}, tmp_path / "adapter_model.bin")
    with pytest.raises(BadModelError, match=r"adapter_model\.bin"):
        adapter_files(tmp_path)
    with granted({tmp_path: PICKLE}):
        assert adapter_files(tmp_path) == [tmp_path / "adapter_model.bin"]


def test_pickled_weights_are_part_of_what_a_folder_is_where_there_are_no_others(
    llama: Path, tmp_path: Path
) -> None:
    folder = with_pickle(llama, tmp_path / "pickled")
    before = fingerprint_folder(folder, tmp_path)
    torch.save({}, folder / "pytorch_model.bin")
    assert fingerprint_folder(folder, tmp_path) != before
    both = with_own_code(llama, tmp_path / "both")
    before = fingerprint_folder(both, tmp_path)
    torch.save({}, both / "pytorch_model.bin")
    assert fingerprint_folder(both, tmp_path) == before


def test_the_converter_runs_no_code_of_a_tokenizer_that_is_not_trusted(
    llama: Path, tmp_path: Path, ran: Path
) -> None:
    """llama.cpp's converter itself trusts the tokenizer of many architectures, such as Dream's."""
    folder = with_own_code(llama, tmp_path / "own")
    (folder / "tokenizer.model").unlink()
    (folder / "tokenization_own.py").write_text((folder / "modeling_own.py").read_text())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["auto_map"] = {"AutoTokenizer": ["tokenization_own.OwnTokenizer", None]}
    settings["tokenizer_class"] = "OwnTokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = json.loads((llama / "config.json").read_text()) | {"architectures": ["DreamModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModelError):
        convert(folder, tmp_path / "m.gguf")
    assert not ran.exists()
    with granted({folder: CODE}), pytest.raises(BadModelError):
        convert(folder, tmp_path / "m.gguf")
    assert ran.exists(), "the converter comes as far as the tokenizer's code"
