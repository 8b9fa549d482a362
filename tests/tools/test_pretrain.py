"""The scripts that made the model, at a tiny size: they run, and they run the same way twice."""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.starter import MODEL_FOLDER
from tools.starter.pretrain import answer_labels, pretrain
from tools.starter.rounds import Round, Stage
from tools.starter.text.corpus import PLAIN_MIX, TOKENIZER_MIX, turns, write_documents
from tools.starter.tokenizer import train_tokenizer

_ROUNDS = (
    Round(
        (
            Stage(PLAIN_MIX, steps=3, sequences=2, length=32, learning_rate=3e-3),
            Stage(TOKENIZER_MIX, steps=2, sequences=1, length=64, learning_rate=1e-3),
        ),
        is_muon=False,
    ),
    Round((Stage(PLAIN_MIX, steps=2, sequences=2, length=32, learning_rate=1e-3),), is_muon=True),
)


@pytest.fixture(autouse=True)
def _torch_settings() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def test_pretraining_twice_gives_the_same_losses_and_weights(tmp_path: Path) -> None:
    losses, weights = [], []
    for name in ("one", "two"):
        folder = tmp_path / name
        shutil.copytree(MODEL_FOLDER, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        losses.append(pretrain(folder, _ROUNDS))
        weights.append((folder / "model.safetensors").read_bytes())
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]
    assert weights[0] == weights[1]
    AutoModelForCausalLM.from_pretrained(tmp_path / "one")


def test_a_later_round_goes_on_from_the_saved_weights(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    whole = pretrain(folder, _ROUNDS)
    weights = (folder / "model.safetensors").read_bytes()
    parts = pretrain(folder, _ROUNDS[:1])
    parts += pretrain(folder, _ROUNDS, first_round=1)
    assert parts == whole
    assert (folder / "model.safetensors").read_bytes() == weights


def test_only_answers_and_plain_text_are_labels() -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODEL_FOLDER)
    text = turns("Who?", "Anna.", system="Be brief.") + "<s>plain"
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    counted = ids[answer_labels(ids, tokenizer) >= 0]
    assert tokenizer.decode(counted) == "<s>\nAnna.<|end|>\n<s>plain"


def test_documents_are_the_same_for_the_same_seed() -> None:
    one, two, other = (list(islice(write_documents(s, TOKENIZER_MIX), 50)) for s in (1, 1, 2))
    assert one == two != other


def test_the_tokenizer_script_runs(tmp_path: Path) -> None:
    train_tokenizer(tmp_path, documents=300, vocabulary=700)
    assert {path.name for path in tmp_path.iterdir()} == {
        "tokenizer.model",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }
