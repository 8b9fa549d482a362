"""The check that a GGUF is the model it was made from."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy

from harness.engines.tokenizer import open_tokenizer
from harness.errors import BadDataError
from harness.models.convert import convert
from harness.models.parity import MAX_MEAN_KL, check_parity, kl_divergence
from harness.records import Parity
from tests.engines.models import sentences, write_model


@pytest.fixture(scope="session")
def prompts(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen prompts with their ids."""
    tokenizer = open_tokenizer(tiny)
    rows = [{"text": text, "ids": tokenizer.encode(text)} for text in sentences(12, seed=5)]
    file = tmp_path_factory.mktemp("prompts") / "prompts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_faithful_conversion_passes(
    tiny: Path, tiny_f16: Path, prompts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "parity.json"
    parity = check_parity(tiny, tiny_f16, prompts, out)
    assert parity.passed, parity.reason
    assert parity.prompts == 12 and parity.same_tokens == 1.0
    rows = [json.loads(line) for line in prompts.read_text().splitlines()]
    assert parity.tokens == sum(len(row["ids"]) for row in rows)
    assert parity == Parity.model_validate_json(out.read_text())


def test_other_weights_do_not_pass(
    tiny: Path, tokenizer: Path, prompts: Path, tmp_path: Path, llama_cpp_sources: Path
) -> None:
    other = write_model(tmp_path / "other", tokenizer, "llama-wide", seed=1)
    convert(other, tmp_path / "other.gguf")
    parity = check_parity(tiny, tmp_path / "other.gguf", prompts, tmp_path / "parity.json")
    assert not parity.passed and "KL" in parity.reason
    assert parity.mean_kl > 10 * MAX_MEAN_KL


def test_a_changed_rotation_does_not_pass(
    tiny: Path, prompts: Path, tmp_path: Path, llama_cpp_sources: Path
) -> None:
    turned = Path(shutil.copytree(tiny, tmp_path / "turned"))
    config = json.loads((turned / "config.json").read_text())
    config["rope_parameters"]["rope_theta"] = 1e6
    (turned / "config.json").write_text(json.dumps(config))
    convert(turned, tmp_path / "turned.gguf")
    parity = check_parity(tiny, tmp_path / "turned.gguf", prompts, tmp_path / "parity.json")
    assert not parity.passed and "log-probability" in parity.reason


def test_ids_of_another_tokenizer_do_not_pass(
    tiny: Path, tiny_f16: Path, prompts: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in prompts.read_text().splitlines()]
    rows[0]["ids"] = rows[0]["ids"][1:]
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    parity = check_parity(tiny, tiny_f16, file, tmp_path / "parity.json")
    assert not parity.passed and parity.same_tokens == pytest.approx(11 / 12)
    assert "token ids" in parity.reason


@pytest.mark.parametrize("content", ["", '{"text": "a"}\n', "no\n", '{"text": "a", "ids": []}\n'])
def test_a_file_without_prompts_is_an_error(
    tiny: Path, tiny_f16: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "prompts.jsonl").write_text(content)
    with pytest.raises(BadDataError, match=r"prompts\.jsonl"):
        check_parity(tiny, tiny_f16, tmp_path / "prompts.jsonl", tmp_path / "parity.json")


def test_divergence_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(9), 5), random.dirichlet(np.ones(9), 5)
    assert kl_divergence(np.log(p), np.log(q)) == pytest.approx(entropy(p, q, axis=1))
    assert kl_divergence(np.array([[0.0, -math.inf]]), np.log([[0.5, 0.5]])) == pytest.approx(
        math.log(2)
    )
