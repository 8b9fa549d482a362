from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import llama_cpp.llama_cpp as lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engines.tokenizer import Tokenizer, open_tokenizer
from harness.errors import BadModelError
from harness.starter import MODEL_FOLDER
from tests.conftest import Models
from tests.engines.models import sentences

TALK = [
    {"role": "user", "content": "Wie geht's? 🙂"},
    {"role": "assistant", "content": "  <b>gut</b>\n"},
    {"role": "user", "content": "{{ 7 * 7 }}"},
]


@pytest.fixture(scope="module", params=["hf", "gguf"])
def tokenizer(request: pytest.FixtureRequest, models: Models) -> Tokenizer:
    return open_tokenizer(models.llama if request.param == "hf" else models.llama_gguf)


@pytest.fixture(scope="module")
def both(models: Models) -> tuple[Tokenizer, Tokenizer]:
    return open_tokenizer(models.llama), open_tokenizer(models.llama_gguf)


@pytest.mark.parametrize("text", ["The profit", "<s>The profit", "", "<s>", " <s>"])
def test_bos_stands_first_and_once(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert ids[0] == tokenizer.bos_id == 1
    assert ids[1:2] != [1]


def test_without_bos_the_ids_are_the_texts_alone(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("The profit", add_bos=False) == tokenizer.encode("The profit")[1:]


def test_markers_in_a_text_become_their_ids(tokenizer: Tokenizer) -> None:
    assert 6 in tokenizer.encode("yes<|end|>")
    assert tokenizer.decode(tokenizer.encode("yes<|end|>")) == "yes"
    assert "<|end|>" in tokenizer.decode(tokenizer.encode("yes<|end|>"), keep_special=True)


def test_no_eos_is_added(tokenizer: Tokenizer) -> None:
    assert 2 not in tokenizer.encode("The profit")


def test_an_answer_stops_at_the_end_of_text_and_of_turn(tokenizer: Tokenizer) -> None:
    assert tokenizer.stop_ids == {2, 6}


def test_a_rendered_conversation_gets_one_bos(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(tokenizer.render(TALK, True))
    assert ids.count(1) == 1
    assert ids[-1] == 5


def test_a_template_cannot_reach_python(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "evil"
    shutil.copytree(models.tokenizer, folder)
    (folder / "chat_template.jinja").write_text("{{ ''.__class__.__mro__ }}")
    evil = open_tokenizer(folder)
    with pytest.raises(BadModelError, match="fails on these messages"):
        evil.render(TALK, True)
    assert evil.stop_ids == {2}


def test_a_missing_template_is_told(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(models.tokenizer, folder)
    (folder / "chat_template.jinja").unlink()
    plain = open_tokenizer(folder)
    assert not plain.has_chat_template
    with pytest.raises(BadModelError, match="no chat template"):
        plain.render(TALK, True)


@pytest.mark.parametrize("generation_prompt", [False, True])
def test_both_formats_render_a_conversation_alike(
    both: tuple[Tokenizer, Tokenizer], generation_prompt: bool
) -> None:
    assert both[0].chat_template == both[1].chat_template
    assert both[0].render(TALK, generation_prompt) == both[1].render(TALK, generation_prompt)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30))
def test_both_formats_give_the_same_ids_and_text(
    both: tuple[Tokenizer, Tokenizer], text: str
) -> None:
    if "<" in text or text.startswith((" ", "▁")):
        return  # Transformers puts no second space in front of one; llama.cpp does
    ids = both[0].encode(text)
    assert both[1].encode(text) == ids
    assert both[0].decode(ids) == both[1].decode(ids) == text


def test_sentences_survive_a_round_trip(tokenizer: Tokenizer) -> None:
    for text in sentences(20, seed=3):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_part_of_a_character_is_replaced_not_fatal(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("é")[:-1]).endswith("\ufffd")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model": 1}'])
def test_a_damaged_tokenizer_file_is_told(models: Models, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(models.tokenizer, folder)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(BadModelError, match="bad"):
        open_tokenizer(folder)


def test_a_truncated_fast_tokenizer_is_told(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(models.tokenizer, folder)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>"}'
    )
    assert open_tokenizer(folder).encode("The")[0] == 1
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text()[:-500])
    with pytest.raises(BadModelError, match="cannot be read"):
        open_tokenizer(folder)


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="does not exist"):
        open_tokenizer(tmp_path / "nothing")
    with pytest.raises(BadModelError, match="holds no tokenizer"):
        open_tokenizer(tmp_path)
    (tmp_path / "x.gguf").write_bytes(b"<html>")
    with pytest.raises(BadModelError, match="does not begin with GGUF"):
        open_tokenizer(tmp_path / "x.gguf")


def test_importing_the_package_loads_neither_torch_nor_llama_cpp() -> None:
    code = (
        "import sys, harness.engines, harness.engines.tokenizer;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'llama_cpp', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("family", ["qwen2", "phi3"])
def test_a_tokenizer_that_is_declared_as_it_stands_is_read_as_it_stands(
    tmp_path: Path, family: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": family}))
    text = "The profit of the company rose."
    assert open_tokenizer(folder).encode(text) == open_tokenizer(MODEL_FOLDER).encode(text)


def test_a_gguf_that_names_no_end_has_none_but_its_markers(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, unnamed = b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.any_token_id"
    file = tmp_path / "unnamed.gguf"
    file.write_bytes(models.llama_gguf.read_bytes().replace(named, unnamed))
    assert 300 not in open_tokenizer(models.llama_gguf).stop_ids
    usual = lib.llama_vocab_is_eog
    # What llama.cpp does with a vocabulary of byte pairs: a fixed id, which is some piece of text.
    monkeypatch.setattr(lib, "llama_vocab_eos", lambda vocab: 300)
    monkeypatch.setattr(
        lib, "llama_vocab_is_eog", lambda vocab, token: token == 300 or usual(vocab, token)
    )
    assert open_tokenizer(models.llama_gguf).eos_id == 300
    tokenizer = open_tokenizer(file)
    assert tokenizer.eos_id is None
    assert 300 not in tokenizer.stop_ids
