from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.engines import open_engine
from harness.engines.llamacpp import caches
from harness.engines.llamacpp.context import LlamaContext, log_softmax
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.llamacpp.sizes import LEAST_TOKENS
from harness.engines.protocol import ChoiceQuestion, EngineSpec, Limits
from harness.errors import BadModelError, InputError, OutOfMemoryError
from tests.conftest import Models
from tests.engines.conformance import ids_of, mixed_questions
from tests.engines.models import CONTEXT, write_quantized


def spec(path: Path, **options: Any) -> EngineSpec:
    return EngineSpec(gguf=str(path), threads=1, **options)


@pytest.fixture(scope="module")
def half(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_quantized(tmp_path_factory.mktemp("f16") / "half.gguf", models.llama_gguf, "F16")


def test_half_precision_weights_score_as_in_one_run(half: Path) -> None:
    engine = open_engine(spec(half))
    assert engine.info.dtype == "F16"
    questions = mixed_questions()
    for number, sums in dict(engine.choose(questions)).items():
        question = questions[number]
        for choice, got in zip(question.choices, sums, strict=True):
            rows = np.concatenate(list(engine.distributions(question.prompt + choice)))
            start = len(question.prompt) - 1
            expected = sum(float(rows[start + n, token]) for n, token in enumerate(choice))
            assert got == pytest.approx(expected, abs=1e-6)


def test_half_precision_weights_are_close_to_the_folder_they_came_from(
    models: Models, half: Path
) -> None:
    questions = mixed_questions()
    exact = dict(
        open_engine(EngineSpec(weights=str(models.llama), threads=1, dtype="float32")).choose(
            questions
        )
    )
    rounded = dict(open_engine(spec(half)).choose(questions))
    for number, sums in exact.items():
        assert rounded[number] == pytest.approx(sums, abs=0.03)


def test_a_prompt_longer_than_a_batch_is_scored_in_pieces(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.engines.llamacpp import engine as llamacpp
    from harness.engines.llamacpp import score as llamacpp_score

    questions = [*mixed_questions(), ChoiceQuestion(ids_of(100, seed=3), ((9, 10, 11), (9, 12)))]
    prompts = [question.prompt for question in questions]
    engine = open_engine(spec(models.llama_gguf))
    whole, texts = dict(engine.choose(questions)), dict(engine.generate(prompts, Limits(5)))
    for module in (llamacpp, llamacpp_score):
        monkeypatch.setattr(module, "MAX_TOKENS", 16)
    monkeypatch.setattr(llamacpp, "STREAMS", {"cpu": 6})
    monkeypatch.setattr(llamacpp, "ANSWERS", {"cpu": 6})
    engine = open_engine(spec(models.llama_gguf))
    for number, sums in engine.choose(questions):
        assert sums == pytest.approx(whole[number], abs=1e-5)
    for number, answer in engine.generate(prompts, Limits(5)):
        assert answer.ids == texts[number].ids


def test_fewer_slots_are_used_where_memory_is_short(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = open_engine(spec(models.llama_gguf))
    prompts = [ids_of(5 + n, seed=n) for n in range(12)]
    free = dict(engine.generate(prompts, Limits(4)))
    make, asked = LlamaContext, []

    def small_machine(
        model: LlamaModel, cells: int, sequences: int, threads: int, tokens: int
    ) -> LlamaContext:
        asked.append((sequences, tokens))
        if sequences > 4:
            raise OutOfMemoryError("full")
        return make(model, cells, sequences, threads, tokens)

    engine._caches.close()
    monkeypatch.setattr(caches, "LlamaContext", small_machine)
    tight = dict(engine.generate(prompts, Limits(4)))
    assert asked == [(12, 512), (6, 256), (3, 128)]
    assert engine.info.batch == {"tokens": 128, "sequences": 32, "answers": 3}
    assert {n: a.ids for n, a in tight.items()} == {n: a.ids for n, a in free.items()}


@pytest.mark.parametrize("file_type", ["F32", "Q4_K_M"])
def test_calls_are_shorter_where_memory_is_shorter_still_and_scores_stay(
    models: Models, tiny_f16: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_type: str
) -> None:
    file = models.llama_gguf
    if file_type != "F32":
        file = write_quantized(tmp_path / "k.gguf", tiny_f16, file_type)
    questions = [*mixed_questions(), ChoiceQuestion(ids_of(100, seed=3), ((9, 10, 11), (9, 12)))]
    prompts = [question.prompt for question in questions]
    engine: Any = open_engine(spec(file))
    exact, texts = dict(engine.choose(questions)), dict(engine.generate(prompts, Limits(5)))
    make = LlamaContext

    def small_machine(
        model: LlamaModel, cells: int, sequences: int, threads: int, tokens: int
    ) -> LlamaContext:
        if tokens > LEAST_TOKENS:
            raise OutOfMemoryError("full")
        return make(model, cells, sequences, threads, tokens)

    engine._caches.close()
    monkeypatch.setattr(caches, "LlamaContext", small_machine)
    assert dict(engine.choose(questions)) == exact, "to the last bit"
    assert engine.info.batch["tokens"] == LEAST_TOKENS
    assert {n: a.ids for n, a in engine.generate(prompts, Limits(5))} == {
        n: a.ids for n, a in texts.items()
    }
    monkeypatch.setattr(caches, "LEAST_TOKENS", 2 * LEAST_TOKENS)
    engine._caches.close()
    engine.info.batch["tokens"] = 512
    with pytest.raises(OutOfMemoryError, match="full"):
        dict(engine.choose(questions))


@pytest.mark.parametrize("kept", [3, 10, 200, 20_000, -100])
def test_a_file_cut_short_is_told(models: Models, tmp_path: Path, kept: int) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(models.llama_gguf.read_bytes()[:kept])
    with pytest.raises(BadModelError, match=r"cut\.gguf") as caught:
        open_engine(spec(file))
    assert caught.value.hint


def test_an_unknown_architecture_is_told(models: Models, tmp_path: Path) -> None:
    file = tmp_path / "alien.gguf"
    file.write_bytes(models.llama_gguf.read_bytes().replace(b"llama", b"alien"))
    with pytest.raises(BadModelError, match="alien"):
        open_engine(spec(file))


def test_a_part_of_a_split_file_must_be_there(models: Models, tmp_path: Path) -> None:
    shutil.copy(models.llama_gguf, tmp_path / "m-00001-of-00002.gguf")
    with pytest.raises(BadModelError, match=r"There is no GGUF file at .*m-00002-of-00002\.gguf"):
        open_engine(spec(tmp_path / "m-00001-of-00002.gguf"))


@pytest.mark.parametrize("options", [{"quantize": "nf4"}, {"dtype": "float32"}, {"device": "cuda"}])
def test_options_that_a_gguf_cannot_take_are_refused(
    models: Models, options: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        open_engine(spec(models.llama_gguf, **options))


def test_a_closed_engine_says_so(models: Models) -> None:
    engine = open_engine(spec(models.llama_gguf))
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.encode("x")
    with pytest.raises(RuntimeError, match="closed"):
        list(engine.distributions((1, 2)))


def test_a_context_can_be_shortened_but_not_stretched(models: Models) -> None:
    assert open_engine(spec(models.llama_gguf, context=32)).info.context_length == 32
    with pytest.raises(InputError, match=f"reaches {CONTEXT}"):
        open_engine(spec(models.llama_gguf, context=CONTEXT + 1))


def test_log_softmax_is_exact_for_large_logits() -> None:
    logits = np.array([[1e4, 1e4 - 1, -1e4], [0, 0, 0]], np.float32)
    total = np.log1p(np.exp(-1))
    expected = [-total, -1 - total, -2e4 - total]
    np.testing.assert_allclose(log_softmax(logits)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(log_softmax(logits)[1], [-np.log(3)] * 3, rtol=1e-6)


def test_where_a_process_ran_out_of_memory_batches_begin_smaller_and_scores_stay(
    models: Models,
) -> None:
    engine, questions = open_engine(spec(models.llama_gguf)), mixed_questions()
    exact, prompts = dict(engine.choose(questions)), [ids_of(5 + n, seed=n) for n in range(12)]
    texts = dict(engine.generate(prompts, Limits(4)))
    small = open_engine(spec(models.llama_gguf, halvings=2))
    assert small.info.batch["sequences"] == engine.info.batch["sequences"] // 4
    for number, sums in small.choose(questions):
        assert sums == pytest.approx(exact[number], abs=1e-4)
    assert {n: answer.ids for n, answer in small.generate(prompts, Limits(4))} == {
        n: answer.ids for n, answer in texts.items()
    }
    least = open_engine(spec(models.llama_gguf, halvings=40))
    assert set(least.info.batch.values()) - {512} == {1}
