"""Which models can be talked to, of suites and alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.chat.models import ChatModel, models_of, name_of, one_model
from harness.chat.opening import Opening
from harness.chat.records import Conversation, Done, Failed, Settings
from harness.chat.room import ChatRoom
from harness.errors import InputError
from harness.runner.run import Options, prepare
from harness.starter import MODEL_FOLDER
from tests.engines.endpoint.standin import standing_in
from tests.hostile.gguf_made import small

SUITE = """
name: talk
forgetting: false
models:
  base: {source: starter, chat_template: mine.jinja}
  plain: {source: starter, chat_template: none, dtype: float32}
  tuned: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  q8: {from: tuned, gguf: Q8_0}
  served: {endpoint: {url: "URL", model: toy, api: chat}}
  paid:
    endpoint: {url: "URL", model: toy, api: chat, prices: {input: 0.15, output: 0.6, currency: USD}, spending: {limit: 1}}
  started: {from: q8, serve: llama-cpp}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


def models_of_suite(suite: Path, home: Path) -> list[ChatModel]:
    """As `harness chat SUITE` has them."""
    prepared = prepare(suite, Options(home=home, provisional=True))
    return models_of(prepared, f"harness run {suite}")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "mine.jinja").write_text("{{ messages[0].content }}")
    (tmp_path / "talk.yaml").write_text(SUITE.replace("URL", "http://127.0.0.1:9/v1"))
    return tmp_path / "talk.yaml"


def by_name(models: list[ChatModel]) -> dict[str, ChatModel]:
    return {model.name: model for model in models}


def test_a_suites_models_are_those_that_are_made_and_the_way_to_the_others(
    suite: Path, tmp_path: Path
) -> None:
    models = by_name(models_of_suite(suite, tmp_path / "home"))
    assert list(models) == ["base", "plain", "tuned", "q8", "served", "paid", "started"]
    missing = {name: model.missing for name, model in models.items() if model.missing}
    assert missing == {
        name: f"harness run {suite} --only {name}" for name in ("tuned", "q8", "started")
    }
    assert models["q8"].made == "starter → LoRA, rank 16 → merged → F16 GGUF → Q8_0"
    base, plain, served = (models[name].opening for name in ("base", "plain", "served"))
    assert base and base.engine and base.engine.weights == str(MODEL_FOLDER)
    assert base.template.file == str(tmp_path / "mine.jinja")
    assert plain and plain.template.plain and plain.engine and plain.engine.dtype == "float32"
    assert served and served.endpoint and served.endpoint.url == "http://127.0.0.1:9/v1"
    assert [model.continues for model in models.values()] == [name == "plain" for name in models]
    assert models["started"].started and not models["q8"].started
    assert models["served"].host == "127.0.0.1:9" and not models["base"].host
    needs = models["base"].needs
    assert needs and 3e8 < needs.resident.total < 1e9 and models["served"].needs is None


def test_what_is_opened_is_the_same_after_it_travelled(suite: Path, tmp_path: Path) -> None:
    for model in models_of_suite(suite, tmp_path / "home"):
        if model.opening is not None:
            assert Opening.from_json(model.opening.to_json()) == model.opening
            assert "\n" not in model.opening.to_json()


def write_header(file: Path, template: bool) -> Path:
    """A small GGUF, with or without a chat template, that nobody runs."""
    made = small()
    if not template:
        del made.values["tokenizer.chat_template"]
    return made.write(file)


def test_a_file_and_a_folder_stand_for_themselves(tmp_path: Path) -> None:
    shutil.copytree(MODEL_FOLDER, tmp_path / "mine")
    config = tmp_path / "mine" / "tokenizer_config.json"
    bare = {k: v for k, v in json.loads(config.read_text()).items() if k != "chat_template"}
    config.write_text(json.dumps(bare))
    (tmp_path / "mine" / "chat_template.jinja").unlink(missing_ok=True)
    told = {}
    for place in (
        write_header(tmp_path / "with.gguf", template=True),
        write_header(tmp_path / "without.gguf", template=False),
        tmp_path / "mine",
        MODEL_FOLDER,
    ):
        (model,) = models_of(one_model(str(place), tmp_path), "")
        assert model.opening and model.opening.engine
        assert model.opening.tokenizer == str(place)
        assert (model.opening.engine.gguf or model.opening.engine.weights) == str(place)
        assert model.needs and model.needs.resident.total > 5e7
        told[model.name] = model.continues
    assert told == {"with.gguf": False, "without.gguf": True, "mine": True, "model": False}


def test_what_is_neither_suite_nor_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(InputError, match="neither a suite") as caught:
        one_model(str(tmp_path / "notes.txt"), tmp_path)
    assert caught.value.hint
    with pytest.raises(InputError):
        one_model(str(tmp_path / "missing.gguf"), tmp_path)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("starter", "starter"),
        ("org/Model-7B", "Model-7B"),
        ("./models/mine/", "mine"),
        ("org/repo/file-Q4_K_M.gguf", "file-Q4_K_M.gguf"),
        ("<script>alert(1)</script>", "script"),
        ("模型", "model"),
        ("../..", "model"),
    ],
)
def test_a_model_is_called_by_the_last_part_of_what_names_it(what: str, name: str) -> None:
    assert name_of(what) == name


def test_a_served_model_is_asked_through_its_server(suite: Path, tmp_path: Path) -> None:
    with standing_in() as server:
        suite.write_text(SUITE.replace("URL", server.url))
        room = ChatRoom(models_of_suite(suite, tmp_path / "home"), tmp_path / "home")
        settings = Settings(max_new_tokens=5, seed=4)
        *_, done = room.ask("served", Conversation.of("The bank", "Be brief."), settings)
        sent = server.asked[-1][1]
        server.then = 401
        server.after = 0
        *_, failed = room.ask("served", Conversation.of("The bank"), settings)
        assert room.loaded == ()
        server.after = 10**9
        *_, again = room.ask("served", Conversation.of("The bank"), settings)
        room.close()
    assert isinstance(done, Done) and done.tokens == 5 and done.resident_bytes is None
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user"] and sent["seed"] == 4
    assert isinstance(failed, Failed) and failed.kind == "endpoint"
    assert isinstance(again, Done) and asdict(again)["text"]
