"""`llamacpp` against its own single-sequence run, and in F32 against Transformers too.

Scores are the same to the last bit, but for the last step from logits to log-probabilities. Only a
step of decoding differs: it runs one token of each sequence, which attention adds up in another
order; llama.cpp then rounds activations to the type of the weights, where a last bit of F32 can
become one of F16.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.engines import open_engine
from harness.engines.llamacpp.engine import LlamaCppEngine
from harness.engines.protocol import ChoiceQuestion, Engine, EngineSpec, Limits, Sampling
from harness.engines.tokenizer import open_tokenizer
from harness.errors import PromptTooLongError
from tests.conftest import Models
from tests.engines.models import CONTEXT, write_gguf, write_model, write_quantized
from tests.engines.plain import Plain, plain_hf, plain_llama, settings_of_engine
from tests.engines.workloads import (
    check_blocks,
    check_choices,
    check_texts,
    random_ids,
    random_prompts,
    random_questions,
)
from tests.forking import Forks

TOLERANCE = 1e-5
"""Of a score, nats; measured: 2e-6, for every type of weights. The issue asks for 1e-3."""
EXACT = ("llama-F32", "llama-F16", "gemma2-F32", "gemma2-F16")
FILES = (*EXACT, "llama-BF16", "llama-Q8_0", "llama-wide-Q4_K_M", "llama-wide-Q5_K_M")
NEAR = {"F32": 1e-5, "F16": 5e-3}
"""How far a token that is not the most likely one may be from it, in long texts (nats)."""
NEW_TOKENS = 10
LONG = 70
BUDGETS: dict[str, dict[str, Any]] = {
    "few tokens a call": {"llamacpp.engine.MAX_TOKENS": 16, "llamacpp.score.MAX_TOKENS": 16},
    "one stream": {"llamacpp.engine.STREAMS": {"cpu": 1}},
    "three streams": {"llamacpp.engine.STREAMS": {"cpu": 3}},
    "every prefix is shared": {
        "llamacpp.score.WORTHWHILE": 1,
        "llamacpp.generate.WORTHWHILE": 1,
    },
    "no prefix is shared": {
        "llamacpp.score.WORTHWHILE": 1 << 20,
        "llamacpp.generate.WORTHWHILE": 1 << 20,
    },
}
"""Constants of `harness.engines` that decide what is run together."""


@dataclass(frozen=True)
class Case:
    """An engine, and the same file run the plain way."""

    engine: Engine
    plain: Plain
    path: Path
    near: float = 0.0


@pytest.fixture(scope="module")
def ggufs(
    models: Models, forks: Forks, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The files of these tests by name of model and type."""
    folder = tmp_path_factory.mktemp("exact")
    files = {"llama-F32": models.llama_gguf}
    for kind in ("gemma2", "llama-wide"):
        weights = write_model(folder / kind, models.tokenizer, kind)
        files[f"{kind}-F32"] = write_gguf(folder / f"{kind}-F32.gguf", weights, forks.popen)
    for name in FILES:
        kind, _, qtype = name.rpartition("-")
        if name not in files:
            files[name] = write_quantized(folder / f"{name}.gguf", files[f"{kind}-F32"], qtype)
    return files


@contextmanager
def opened(path: Path, context: int = CONTEXT) -> Iterator[Case]:
    """An engine for a file beside the plain way to run it."""
    qtype = path.stem.rpartition("-")[2]
    with settings_of_engine() as settings:
        engine = open_engine(EngineSpec(gguf=str(path), threads=1, context=context))
        list(engine.distributions((1, 9)))
    with plain_llama(path, settings, context, least=8 if "_K" in qtype else 1) as plain:
        yield Case(engine, plain, path, NEAR.get(qtype, 1e-5))
    engine.close()


@pytest.fixture(scope="module", params=FILES)
def case(request: pytest.FixtureRequest, ggufs: dict[str, Path]) -> Iterator[Case]:
    with opened(ggufs[request.param]) as case:
        yield case


@pytest.fixture(scope="module", params=EXACT)
def exact(request: pytest.FixtureRequest, ggufs: dict[str, Path]) -> Iterator[Case]:
    with opened(ggufs[request.param]) as case:
        yield case


@pytest.mark.parametrize("shared", [0, 33])
def test_choices_get_the_numbers_and_the_ranking_of_the_plain_way(case: Case, shared: int) -> None:
    questions = random_questions(1, shared)
    check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)


@pytest.mark.parametrize("rows", [1, 50, 256])
def test_distributions_are_those_of_the_plain_way(case: Case, rows: int) -> None:
    ids = (1, *random_ids(random.Random(4), CONTEXT - 1))
    check_blocks(case.plain, ids, list(case.engine.distributions(ids, rows)), rows, TOLERANCE)


def test_an_answer_depends_neither_on_order_nor_neighbours_nor_company(case: Case) -> None:
    """Asked alone, in another order, after a resumption, among others, and twice over."""
    draw = random.Random(5)
    questions = random_questions(6)
    numbers = list(range(len(questions)))
    others = random_questions(7)
    for asked in (
        [numbers[4]],
        [numbers[-1]],
        draw.sample(numbers, len(numbers)),
        numbers[len(numbers) // 3 :],
        draw.sample(numbers, 3),
        numbers[::2] + numbers[::2],
    ):
        chosen = [questions[number] for number in asked]
        check_choices(case.plain, chosen, dict(case.engine.choose(chosen)), TOLERANCE)
        mixed = [*others[:2], *chosen[:4], *others[5:7]]
        check_choices(case.plain, mixed, dict(case.engine.choose(mixed)), TOLERANCE)


def test_a_text_depends_neither_on_order_nor_neighbours(case: Case) -> None:
    draw = random.Random(8)
    prompts = random_prompts(9, 60)
    whole = dict(case.engine.generate(prompts, Limits(NEW_TOKENS)))
    for asked in ([2], draw.sample(range(len(prompts)), len(prompts)), [7, 3, 3]):
        answers = dict(case.engine.generate([prompts[n] for n in asked], Limits(NEW_TOKENS)))
        for place, number in enumerate(asked):
            assert answers[place].ids == whole[number].ids


@pytest.mark.parametrize("shared", [0, 33])
def test_greedy_text_is_that_of_the_plain_way_token_by_token(exact: Case, shared: int) -> None:
    prompts = random_prompts(3, CONTEXT - NEW_TOKENS, shared)
    answers = dict(exact.engine.generate(prompts, Limits(NEW_TOKENS)))
    assert sorted(answers) == list(range(len(prompts)))
    for number, prompt in enumerate(prompts):
        assert answers[number].ids == exact.plain.greedy(prompt, NEW_TOKENS), len(prompt)


def test_long_answers_that_end_at_different_times_stay_exact(exact: Case) -> None:
    """Room is made while answers grow, and taken over from those that ended."""
    prompts = random_prompts(17, 80, shared=24)[::2]
    free = dict(exact.engine.generate(prompts, Limits(LONG)))
    for number, prompt in enumerate(prompts):
        assert len(free[number].ids) == LONG
        assert exact.plain.regret(prompt, free[number].ids) <= exact.near
    common = Counter(token for answer in free.values() for token in set(answer.ids)).most_common(3)
    limits = Limits(LONG, frozenset(token for token, _ in common))
    for number, answer in exact.engine.generate(prompts, limits):
        ids = free[number].ids
        ends = [place for place, token in enumerate(ids) if token in limits.stop_ids]
        assert answer.ids == ids[: min([*ends, LONG])]
        assert answer.finish_reason == ("stop" if ends else "length")


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("name", ["llama-F16", "gemma2-F32", "llama-wide-Q4_K_M"])
def test_no_batch_budget_changes_an_answer(
    ggufs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, budget: str, name: str
) -> None:
    prompts = [random_prompts(11, 90, shared)[:9] for shared in (0, 33)]
    with opened(ggufs[name]) as case:
        texts = [dict(case.engine.generate(asked, Limits(5))) for asked in prompts]
    for constant, value in BUDGETS[budget].items():
        monkeypatch.setattr(f"harness.engines.{constant}", value)
    with opened(ggufs[name]) as case:
        for shared in (0, 33):
            questions = random_questions(10, shared)[::2]
            check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)
        ids = prompts[0][-1] * 2
        check_blocks(case.plain, ids, list(case.engine.distributions(ids, 20)), 20, TOLERANCE)
        for asked, expected in zip(prompts, texts, strict=True):
            for number, answer in case.engine.generate(asked, Limits(5)):
                assert answer.ids == expected[number].ids


def test_a_prompt_may_fill_the_context_and_no_more(exact: Case) -> None:
    """What does not fit is refused by number, before anything is answered, and never cut."""
    draw = random.Random(12)
    full = ChoiceQuestion((1, *random_ids(draw, CONTEXT - 3)), (random_ids(draw, 2), (9,)))
    over = ChoiceQuestion(full.prompt, ((9,), random_ids(draw, 3)))
    check_choices(exact.plain, [full], dict(exact.engine.choose([full])), TOLERANCE)
    with pytest.raises(PromptTooLongError, match=rf"Prompt 2 has {CONTEXT - 2} tokens.*{CONTEXT}"):
        next(iter(exact.engine.choose([full, full, over, full])))
    answer = dict(exact.engine.generate([full.prompt], Limits(2)))[0]
    assert answer.ids == exact.plain.greedy(full.prompt, 2)
    with pytest.raises(PromptTooLongError, match=rf"Prompt 1 has {CONTEXT - 2} tokens.*{CONTEXT}"):
        next(iter(exact.engine.generate([(1, 9), full.prompt], Limits(3))))
    with pytest.raises(PromptTooLongError, match=rf"{CONTEXT + 1} tokens.*{CONTEXT}"):
        next(iter(exact.engine.distributions((*full.prompt, 9, 9, 9))))


def test_texts_of_all_scripts_go_through(exact: Case) -> None:
    check_texts(exact.plain, exact.engine, open_tokenizer(exact.path), TOLERANCE)


def test_a_window_is_still_there_where_a_long_text_is_gone_back_in(
    ggufs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the window and a call together, so that a cache of the window alone would show."""
    for module in ("llamacpp.engine", "llamacpp.score"):
        monkeypatch.setattr(f"harness.engines.{module}.MAX_TOKENS", 16)
    draw = random.Random(22)
    choices = tuple(random_ids(draw, length) for length in (40, 1, 3, 30))
    questions = [ChoiceQuestion((1, *random_ids(draw, 300)), choices) for _ in range(2)]
    with opened(ggufs["gemma2-F32"], 2 * CONTEXT) as case:
        check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)


def test_a_long_prompt_is_scored_beside_long_choices_of_a_shorter_one(
    ggufs: dict[str, Path],
) -> None:
    """Side by side with the longer prompt's second choice, the shorter one's takes many more places."""
    draw = random.Random(18)
    questions = [
        ChoiceQuestion((1, *random_ids(draw, CONTEXT - 17)), ((20, 21), (30, 31))),
        ChoiceQuestion(
            (1, *random_ids(draw, CONTEXT - 52)),
            ((20, *random_ids(draw, 34)), (30, *random_ids(draw, 40))),
        ),
    ]
    with opened(ggufs["llama-F32"]) as case:
        check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)


@pytest.mark.parametrize(("kind", "tolerance"), [("llama", 1e-4), ("gemma2", 0.02)])
def test_f32_weights_score_as_in_transformers(
    models: Models, ggufs: dict[str, Path], kind: str, tolerance: float
) -> None:
    """The plain way of llama.cpp is right as well, windows and capped scores included.

    Measured: Llama 7e-6; Gemma 2, whose GELU llama.cpp looks up in a table of F16, 4e-3.
    """
    gguf = ggufs[f"{kind}-F32"]
    plain = plain_hf(models.llama if kind == "llama" else gguf.parent / kind)
    engine = open_engine(EngineSpec(gguf=str(gguf), threads=1))
    questions = random_questions(15)
    check_choices(plain, questions, dict(engine.choose(questions)), tolerance)
    prompts = random_prompts(16, 60)
    for number, answer in engine.generate(prompts, Limits(NEW_TOKENS)):
        assert plain.regret(prompts[number], answer.ids) <= tolerance


def test_a_model_that_cannot_go_back_is_run_one_by_one(
    models: Models, forks: Forks, tmp_path: Path
) -> None:
    weights = write_model(tmp_path / "mamba", models.tokenizer, "mamba")
    with opened(write_gguf(tmp_path / "mamba-F32.gguf", weights, forks.popen)) as case:
        questions = random_questions(19)
        check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)
        prompts = random_prompts(20, 60)
        for number, answer in case.engine.generate(prompts, Limits(NEW_TOKENS)):
            assert answer.ids == case.plain.greedy(prompts[number], NEW_TOKENS)
        ids = prompts[-1] * 2
        check_blocks(case.plain, ids, list(case.engine.distributions(ids, 20)), 20, TOLERANCE)


def test_angles_for_long_texts_are_not_used_for_short_ones_beside_them(
    models: Models, forks: Forks, tmp_path: Path
) -> None:
    """Phi 3's factors for long texts belong to texts beyond the original context (LongRoPE)."""
    draw = random.Random(21)
    questions = [
        ChoiceQuestion((1, *random_ids(draw, length)), ((20,), (30, 31)))
        for length in (60, CONTEXT - 4)
    ]
    weights = write_model(tmp_path / "long", models.tokenizer, "phi3")  # llama.cpp reads the name
    with opened(write_gguf(tmp_path / "long-F32.gguf", weights, forks.popen)) as case:
        check_choices(case.plain, questions, dict(case.engine.choose(questions)), TOLERANCE)


def test_a_conversation_that_goes_on_has_the_logits_of_one_read_from_its_start(case: Case) -> None:
    """To the last bit, for K-quants too: what was written is read once more."""
    engine, new = case.engine, random_ids(random.Random(21), 9)
    assert isinstance(engine, LlamaCppEngine)
    prompt = (1, *random_ids(random.Random(20), 30))
    answer = tuple(engine.sample(prompt, Limits(12), Sampling(1.0, seed=4)))
    for turned in ((*answer, *new), (*answer[:7], *new), (9,)):
        longer = (*prompt, *turned)
        before = engine.work.prompt_tokens
        reader, known = engine._reader(longer, len(longer) + 4)
        assert known >= len(prompt)
        going_on = [reader.read(longer[known:]).copy(), reader.read([5]).copy()]
        engine._last = None
        reader, known = engine._reader(longer, len(longer) + 4)
        assert known == 0 and engine.work.prompt_tokens == before
        afresh = [reader.read(longer).copy(), reader.read([5]).copy()]
        for left, right in zip(going_on, afresh, strict=True):
            np.testing.assert_array_equal(left, right)


def test_only_what_is_new_of_a_conversation_is_read(case: Case) -> None:
    prompt = (1, *random_ids(random.Random(20), 30))
    answer = tuple(case.engine.sample(prompt, Limits(12), Sampling()))
    before = case.engine.work.prompt_tokens
    list(case.engine.sample((*prompt, *answer, 9, 8), Limits(2), Sampling()))
    assert case.engine.work.prompt_tokens - before == len(answer) + 2
