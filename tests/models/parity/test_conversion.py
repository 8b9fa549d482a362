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
from harness.models.gguf.convert import convert
from harness.models.parity.conversion import MAX_MEAN_KL, DifferenceSums, check_parity
from harness.records import Parity
from tests.conftest import break_converter
from tests.engines.models import sentences, write_model


@pytest.fixture(scope="session")
def prompts(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen prompts with their ids."""
    tokenizer = open_tokenizer(tiny)
    encoded = {text: tokenizer.encode(text) for text in sentences(12, seed=5)}
    rows = [{"text": text, "ids": ids, "run": len(ids)} for text, ids in encoded.items()]
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


def test_no_more_tokens_are_run_than_is_said(
    tiny: Path, tiny_f16: Path, prompts: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) | {"run": 3} for line in prompts.read_text().splitlines()]
    rows[0]["run"] = 1
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    parity = check_parity(tiny, tiny_f16, file, tmp_path / "parity.json")
    assert parity.passed and parity.tokens == 11 * 3 + 1 and parity.same_tokens == 1.0
    assert parity.reason.endswith("on 34 tokens of 12 prompts.")


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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return (weights.reshape(n_head, 2", "return weights; (weights.reshape(n_head, 2"),
        (".reshape(weights.shape))", ".reshape(weights.shape) * 1.05)"),
    ],
    ids=["queries and keys not permuted", "queries and keys scaled"],
)
def test_a_broken_converter_does_not_pass(
    tiny: Path,
    prompts: Path,
    tmp_path: Path,
    llama_cpp_sources: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
) -> None:
    broken = break_converter(llama_cpp_sources, tmp_path / "llama.cpp", old, new)
    monkeypatch.setenv("HARNESS_LLAMA_CPP", str(broken))
    convert(tiny, tmp_path / "broken.gguf")
    parity = check_parity(tiny, tmp_path / "broken.gguf", prompts, tmp_path / "parity.json")
    assert not parity.passed and parity.same_tokens == 1.0
    assert parity.reason.startswith("The GGUF is not the model it was made from")


def test_ids_without_a_text_are_compared_by_their_distributions_alone(
    tiny: Path, tiny_f16: Path, prompts: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in prompts.read_text().splitlines()]
    file = tmp_path / "windows.jsonl"
    file.write_text(
        "".join(json.dumps(row | {"text": None, "ids": row["ids"][2:]}) + "\n" for row in rows)
    )
    parity = check_parity(tiny, tiny_f16, file, tmp_path / "parity.json")
    assert parity.passed and parity.prompts == 12


def test_differences_count_where_either_model_gives_a_piece_a_chance() -> None:
    p = np.log(np.array([[0.5, 0.5 - 1e-6, 1e-6]], np.float32))
    q = np.log(np.array([[0.25, 0.75 - 1e-7, 1e-7]], np.float32))
    tally = DifferenceSums()
    tally.add(p, q)
    found = tally.record("itself", 1, 1.0, "", "fine")
    assert found.max_logprob_difference == pytest.approx(math.log(2), rel=1e-5)
    assert found.mean_logprob_difference == pytest.approx(
        (math.log(2) + math.log(1.5)) / 2, rel=1e-5
    )
    assert found.mean_kl == pytest.approx(entropy(np.exp(p[0]), np.exp(q[0])), rel=1e-4)
    assert found.top1_agreement == 1.0, "a tie in the reference"


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


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"text": "a"}\n',
        "no\n",
        '{"text": "a", "ids": [], "run": 1}\n',
        '{"text": "a", "ids": [1], "run": 0}\n',
    ],
)
def test_a_file_without_prompts_is_an_error(
    tiny: Path, tiny_f16: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "prompts.jsonl").write_text(content)
    with pytest.raises(BadDataError, match=r"prompts\.jsonl"):
        check_parity(tiny, tiny_f16, tmp_path / "prompts.jsonl", tmp_path / "parity.json")
