"""Log-probabilities, accuracy, greedy text, KL divergence, perplexity and sizes of real models.

A folder is held against Transformers in the same precision, a GGUF file against llama-cpp-python with
the same types of keys and values: nothing may differ but the order of sums.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec
from harness.tasks.divergence import measure
from tests.real.conftest import FILES, LABELS, NEW_TOKENS, Asked, plain, question, space, texts
from tests.real.plain import PlainLlama, choices_of, greedy, kl_and_perplexity, shared_start

pytestmark = pytest.mark.real
MODELS = tuple(FILES)
LIMIT = 2e-4
"""Largest difference in nats of a label's log-probability; 3e-5 was seen."""


@pytest.mark.parametrize("model", MODELS)
def test_log_probabilities_of_labels_and_accuracy(model: str, asked: Asked) -> None:
    differences, right, same = [], [], []
    for sample in asked.samples(model, "sentiment"):
        text, target = texts("financial_phrasebank")[sample["id"]]
        labels = [space(model) + label for label in LABELS]
        expected = choices_of(plain(model), question(model, "financial_phrasebank", text), labels)
        found = [sample["data"]["logprobs"][label] for label in LABELS]
        differences += np.abs(expected - found).tolist()
        right.append(LABELS[int(expected.argmax())] == target)
        same.append(LABELS[int(expected.argmax())] == sample["answer"])
    accuracy = asked.figure(model, "sentiment", "accuracy")
    print(
        f"{model}: largest {max(differences):.3g} nats, mean {np.mean(differences):.3g}, "
        f"same label {sum(same)} of {len(same)}, accuracy {accuracy} and {np.mean(right)}"
    )
    assert max(differences) < LIMIT
    assert accuracy == pytest.approx(np.mean(right))


@pytest.mark.parametrize("model", MODELS)
def test_greedy_text(model: str, asked: Asked) -> None:
    for sample in asked.samples(model, "summaries"):
        text, _ = texts("samsum")[sample["id"]]
        ids, likeliest = greedy(plain(model), question(model, "samsum", text), sample["answer"])
        assert sample["answer"] and ids == likeliest


@pytest.mark.parametrize("model", [name for name in MODELS if name.endswith("-gguf")])
def test_what_llama_cpp_writes_itself_begins_with_the_same_token(model: str, asked: Asked) -> None:
    """Further on it may part, which is told: it decodes a row at a time, by routines that round otherwise."""
    one = plain(model)
    assert isinstance(one, PlainLlama)
    for sample in asked.samples(model, "summaries"):
        prompt = question(model, "samsum", texts("samsum")[sample["id"]][0])
        ours, _ = greedy(one, prompt, sample["answer"])
        theirs = one.answer(one.completion(prompt, NEW_TOKENS))
        assert ours[0] == theirs[0]
        pairs = enumerate(zip(ours, theirs, strict=False))
        parted = next((place for place, (a, b) in pairs if a != b), None)
        if parted is not None:
            row = one.log_probabilities([*prompt, *ours[:parted]])[-1]
            gap = row[ours[parted]] - row[theirs[parted]]
            print(f"{model}: parted at token {parted} of {len(ours)}, by {gap:.3g} nats")


@pytest.mark.parametrize("name", ("smollm2", "gemma"))
def test_kl_divergence_and_perplexity(name: str, asked: Asked) -> None:
    """The file that came against its own weights in float32."""
    gguf, end = f"{name}-gguf", {"smollm2": "<|im_end|>", "gemma": "<eos>"}[name]
    documents = []
    for sample in asked.samples(name, "summaries"):
        text, summary = texts("samsum")[sample["id"]]
        answer = plain(name).answer(f"{space(name)}{summary}{end}")
        documents.append([*question(name, "samsum", text), *answer])
    expected = kl_and_perplexity(plain(name), plain(gguf), documents)
    reference = open_engine(EngineSpec(weights=str(FILES[name]), dtype="float32"))
    candidate = open_engine(EngineSpec(gguf=str(FILES[gguf])))
    start = shared_start(documents)
    parts = [measure(reference, candidate, ids, start) for ids in documents]
    reference.close()
    candidate.close()
    kl = [value for part in parts for value in part.kl]
    found = np.mean(kl), np.exp(sum(part.nll for part in parts) / len(kl))
    print(f"{name}: KL divergence and perplexity {found}, plain {expected}")
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_parameters_and_bits_per_weight(model: str, asked: Asked) -> None:
    found, path = asked.model(model), FILES[model]
    count, size = counted(path)
    assert found["parameters"] == count
    assert found["bits_per_weight"] == pytest.approx(8 * size / count, rel=1e-3)


def counted(path: Path) -> tuple[int, int]:
    """Weights in a model's files (tied ones lie there once), and bytes of these files."""
    if path.is_file():
        reader = pytest.importorskip("gguf").GGUFReader(path)  # comes with the extra `real`
        return sum(int(tensor.n_elements) for tensor in reader.tensors), path.stat().st_size
    file = path / "model.safetensors"
    with safe_open(str(file), framework="np") as tensors:
        shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    return sum(int(np.prod(shape)) for shape in shapes), file.stat().st_size
