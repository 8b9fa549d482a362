from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from harness.engines import open_engine
from harness.engines.contexts import Target
from harness.engines.hf import batched as hf_batched
from harness.engines.hf.packed import PackedModel, Prefix
from harness.engines.hf.score import ScoredPart, score
from harness.engines.protocol import ChoiceQuestion, EngineSpec, Limits
from harness.errors import BadModelError, InputError, OutOfMemoryError
from tests.conftest import Models
from tests.engines.conformance import ids_of, mixed_questions
from tests.engines.models import CONTEXT, VOCABULARY, write_adapter


def spec(folder: Path, **options: Any) -> EngineSpec:
    return EngineSpec(weights=str(folder), threads=1, **{"dtype": "float32", **options})


def copy_of(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def change_json(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_generation_is_that_of_transformers(models: Models) -> None:
    prompts = [ids_of(3 * n, seed=n) for n in range(1, 6)]
    plain: Any = AutoModelForCausalLM.from_pretrained(str(models.llama), dtype=torch.float32)
    stop = 200
    answers = dict(open_engine(spec(models.llama)).generate(prompts, Limits(12, frozenset({stop}))))
    for number, prompt in enumerate(prompts):
        made = plain.generate(
            torch.tensor([list(prompt)]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=12,
            eos_token_id=stop,
        )[0, len(prompt) :].tolist()
        assert answers[number].ids == tuple(made[:-1] if made[-1] == stop else made)


def test_a_model_that_caps_its_logits_is_scored_by_its_own_head(
    models: Models, tmp_path: Path
) -> None:
    folder = copy_of(models.tokenizer, tmp_path / "gemma")
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=CONTEXT,
        sliding_window=16,
        final_logit_softcapping=1.0,
        initializer_range=0.3,
    )
    model: Any = Gemma2ForCausalLM(config).eval()
    model.save_pretrained(str(folder))
    question = ChoiceQuestion(ids_of(40, seed=1), ((20,), (21, 22)))
    with torch.no_grad():
        rows = model(torch.tensor([[*question.prompt, 21]])).logits[0].log_softmax(-1)
    expected = [float(rows[-2, 20]), float(rows[-2, 21] + rows[-1, 22])]
    answers = dict(open_engine(spec(folder)).choose([question] * 3))
    assert answers[2] == pytest.approx(expected, abs=1e-4)


def test_a_model_with_learned_positions_answers_in_a_batch_as_alone(
    models: Models, tmp_path: Path
) -> None:
    folder = copy_of(models.tokenizer, tmp_path / "gpt2")
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=2, n_positions=64, initializer_range=0.4
    )
    GPT2LMHeadModel(config).save_pretrained(str(folder))
    engine = open_engine(spec(folder))
    prompts = [ids_of(3 * n, seed=n) for n in range(1, 7)]
    together = dict(engine.generate(prompts, Limits(6)))
    for number, prompt in enumerate(prompts):
        assert together[number].ids == dict(engine.generate([prompt], Limits(6)))[0].ids


@pytest.mark.parametrize("quantize", ["nf4", "int8"])
def test_a_quantized_model_runs_and_keeps_its_number_of_parameters(
    models: Models, quantize: Any
) -> None:
    plain, packed = (
        open_engine(spec(models.llama)),
        open_engine(spec(models.llama, quantize=quantize)),
    )
    assert packed.info.parameters == plain.info.parameters
    assert packed.info.dtype == quantize
    questions = mixed_questions()[:3]
    exact, rough = dict(plain.choose(questions)), dict(packed.choose(questions))
    assert rough[0] != pytest.approx(exact[0], abs=1e-3)
    assert rough[0] == pytest.approx(exact[0], abs=6)


def test_an_adapter_changes_the_answers(models: Models) -> None:
    question = ChoiceQuestion((1, 30, 40), ((50,),))
    plain = dict(open_engine(spec(models.llama)).choose([question]))
    tuned = dict(open_engine(spec(models.llama, adapter=str(models.lora))).choose([question]))
    assert abs(plain[0][0] - tuned[0][0]) > 1e-3


def test_an_untrained_adapter_is_refused(models: Models, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "zero", models.llama, trained=False)
    with pytest.raises(BadModelError, match="changes nothing"):
        open_engine(spec(models.llama, adapter=str(adapter)))


def test_an_adapter_whose_tensors_match_no_module_is_refused(
    models: Models, tmp_path: Path
) -> None:
    adapter = copy_of(models.lora, tmp_path / "renamed")
    tensors = load_file(adapter / "adapter_model.safetensors")
    renamed = {name.replace("self_attn", "attention"): t for name, t in tensors.items()}
    save_file(renamed, adapter / "adapter_model.safetensors")
    with pytest.raises(BadModelError, match=r"8 of the 12 tensors.*match no module"):
        open_engine(spec(models.llama, adapter=str(adapter)))


def test_an_adapter_for_other_modules_or_shapes_is_refused(models: Models, tmp_path: Path) -> None:
    other = copy_of(models.lora, tmp_path / "modules")
    change_json(other / "adapter_config.json", target_modules=["query_key_value"])
    with pytest.raises(BadModelError, match="cannot be applied"):
        open_engine(spec(models.llama, adapter=str(other)))
    wider = copy_of(models.lora, tmp_path / "rank")
    change_json(wider / "adapter_config.json", r=8)
    with pytest.raises(BadModelError, match="cannot be applied"):
        open_engine(spec(models.llama, adapter=str(wider)))


def test_an_adapter_of_learned_prompt_tokens_is_refused(models: Models, tmp_path: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(str(models.llama))
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    get_peft_model(base, config).save_pretrained(str(tmp_path / "prompt"))
    with pytest.raises(BadModelError, match="PROMPT_TUNING"):
        open_engine(spec(models.llama, adapter=str(tmp_path / "prompt")))


def test_a_closed_engine_says_so(models: Models) -> None:
    engine = open_engine(spec(models.llama))
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        list(engine.distributions((1, 2)))


def test_rows_that_bitsandbytes_cannot_run_on_a_cpu_are_refused(
    models: Models, tmp_path: Path
) -> None:
    folder = copy_of(models.tokenizer, tmp_path / "odd")
    shape = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    LlamaForCausalLM(shape).save_pretrained(str(folder))
    with pytest.raises(BadModelError, match=r"down_proj.*96 weights.*multiple of 64"):
        open_engine(spec(folder, quantize="nf4"))


def test_an_adapter_that_lacks_tensors_is_refused(models: Models, tmp_path: Path) -> None:
    adapter = copy_of(models.lora, tmp_path / "part")
    tensors = load_file(adapter / "adapter_model.safetensors")
    kept = dict(list(tensors.items())[2:])
    save_file(kept, adapter / "adapter_model.safetensors")
    with pytest.raises(BadModelError, match="lacks 2 tensors"):
        open_engine(spec(models.llama, adapter=str(adapter)))


def test_weights_that_lack_tensors_are_refused(models: Models, tmp_path: Path) -> None:
    folder = copy_of(models.llama, tmp_path / "part")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadModelError, match=r"lack 1 tensors.*up_proj"):
        open_engine(spec(folder))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"model_type": "perpetuum"}, "perpetuum"),
        ({"hidden_size": 128}, "cannot be loaded"),
        ({"hidden_size": "many"}, "config.json"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told(
    models: Models, tmp_path: Path, values: dict[str, Any], told: str
) -> None:
    folder = copy_of(models.llama, tmp_path / "model")
    change_json(folder / "config.json", **values)
    with pytest.raises(BadModelError, match=told) as caught:
        open_engine(spec(folder))
    assert caught.value.hint


def test_a_truncated_file_and_a_missing_tokenizer_are_told(models: Models, tmp_path: Path) -> None:
    folder = copy_of(models.llama, tmp_path / "model")
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:5000])
    with pytest.raises(BadModelError, match=f"5000 bytes, and its header says {len(whole)}"):
        open_engine(spec(folder))
    file.write_bytes(whole)
    for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(BadModelError, match="holds no tokenizer"):
        open_engine(spec(folder))


def test_a_batch_that_does_not_fit_is_run_in_halves(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def small_machine(
        model: PackedModel, prefix: Prefix, batch: Sequence[ScoredPart], wide: bool
    ) -> list[tuple[Target, float]]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return score(model, prefix, batch, wide)

    engine, questions = open_engine(spec(models.llama)), mixed_questions()
    exact, tokens = dict(engine.choose(questions)), engine.info.batch["tokens"]
    monkeypatch.setattr(hf_batched, "score", small_machine)
    halved = dict(engine.choose(questions))
    assert max(sizes) > 2
    assert engine.info.batch["tokens"] < tokens
    for number in exact:
        assert halved[number] == pytest.approx(exact[number], abs=1e-4)


def test_fewer_answers_are_written_at_a_time_where_memory_is_short(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(spec(models.llama))
    prompts = [ids_of(3 + n, seed=n) for n in range(9)]
    exact, run, tries = dict(engine.generate(prompts, Limits(5))), PackedModel.run, []

    def small_machine(model: PackedModel, segments: Sequence[Any], *rest: Any, **more: Any) -> Any:
        tries.append(len(segments))
        if len(segments) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(model, segments, *rest, **more)

    monkeypatch.setattr(PackedModel, "run", small_machine)
    tight = dict(engine.generate(prompts, Limits(5)))
    assert max(tries) > 3
    assert engine.info.batch["sequences"] <= 3
    assert engine.info.batch["tokens"] < 1024, "prompts that are read together are fewer, too"
    assert {n: answer.ids for n, answer in tight.items()} == {
        n: answer.ids for n, answer in exact.items()
    }


def test_a_document_is_read_in_shorter_parts_where_memory_is_short(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, ids, run = open_engine(spec(models.llama)), ids_of(100, seed=4), PackedModel.run
    exact, sizes = np.concatenate(list(engine.distributions(ids, 40))), []

    def small_machine(model: PackedModel, segments: Sequence[Any], *rest: Any, **more: Any) -> Any:
        sizes.append(len(segments[0].ids))
        if sizes[-1] > 12:
            raise MemoryError("Unable to allocate 1 GiB")
        return run(model, segments, *rest, **more)

    monkeypatch.setattr(PackedModel, "run", small_machine)
    tight = list(engine.distributions(ids, 40))
    assert sizes == [40, 20, *[10] * 10, 1] and engine.info.batch["tokens"] == 10
    np.testing.assert_allclose(np.concatenate(tight), exact, atol=1e-4)


def test_one_prompt_that_does_not_fit_is_told(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    engine = open_engine(spec(models.llama))
    monkeypatch.setattr(PackedModel, "run", full)
    with pytest.raises(OutOfMemoryError, match="while generating"):
        list(engine.generate([(1, 9), (1, 8)], Limits(3)))


def test_a_context_can_be_shortened_but_not_stretched(models: Models) -> None:
    assert open_engine(spec(models.llama, context=32)).info.context_length == 32
    with pytest.raises(InputError, match=f"reaches {CONTEXT}"):
        open_engine(spec(models.llama, context=CONTEXT + 1))


def test_a_specification_that_contradicts_itself_is_told(models: Models) -> None:
    with pytest.raises(InputError, match="not both"):
        open_engine(EngineSpec())
    with pytest.raises(InputError, match="not both"):
        open_engine(EngineSpec(weights=str(models.llama), gguf=str(models.llama_gguf)))
    with pytest.raises(InputError, match="toaster"):
        open_engine(spec(models.llama, device="toaster"))


def test_where_a_process_ran_out_of_memory_batches_begin_smaller_and_scores_stay(
    models: Models,
) -> None:
    engine, questions = open_engine(spec(models.llama)), mixed_questions()
    exact, prompts = dict(engine.choose(questions)), [ids_of(5 + n, seed=n) for n in range(12)]
    texts = dict(engine.generate(prompts, Limits(4)))
    small = open_engine(spec(models.llama, halvings=2))
    assert small.info.batch["sequences"] == engine.info.batch["sequences"] // 4
    for number, sums in small.choose(questions):
        assert sums == pytest.approx(exact[number], abs=1e-4)
    assert {n: answer.ids for n, answer in small.generate(prompts, Limits(4))} == {
        n: answer.ids for n, answer in texts.items()
    }
    least = open_engine(spec(models.llama, halvings=40))
    assert set(least.info.batch.values()) - {512} == {1}
