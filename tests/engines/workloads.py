"""Random questions and prompts as evaluations ask them, and comparison with the plain way."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from harness.engines.protocol import ChoiceQuestion, Engine, Limits, LogProbs
from harness.engines.tokenizer import Tokenizer
from tests.engines.models import CONTEXT, VOCABULARY
from tests.engines.plain import Plain

TEXTS = (
    "The profit rises.",
    "naïve café — “quoted” …",
    "Ŧĥé 価格は 上昇 した",
    "السعر يرتفع",
    "👩‍👩‍👧 🏳️‍🌈 e\u0301 \u200b",
    "𝕌𝕟𝕚𝕔𝕠𝕕𝕖 \ufeff\u0000 end",
    "line\r\nline\tTab",
)
"""Texts of many scripts: composed characters, right to left, beyond the basic plane, controls."""


def random_ids(draw: random.Random, length: int) -> tuple[int, ...]:
    """Ids without the tokenizer's markers."""
    return tuple(draw.randrange(8, VOCABULARY) for _ in range(length))


def random_prompts(seed: int, longest: int, shared: int = 0) -> list[tuple[int, ...]]:
    """Prompts of 2 to `longest` ids, in no order: alone, or in families that begin alike.

    A family has members that are the beginning of others, and one that stands twice.

    Args:
        seed: of all that is drawn.
        longest: length of one of them, in ids.
        shared: ids that all of them begin with, behind BOS, as few-shot prompts do.
    """
    draw = random.Random(seed)
    stem = (1, *random_ids(draw, shared))
    prompts = [stem + random_ids(draw, draw.choice((1, 2, 7, 30, 70))) for _ in range(4)]
    for length in draw.sample((3, 15, 16, 17, 40, 90), 3):
        beginning = stem + random_ids(draw, length)
        family = [beginning + random_ids(draw, draw.randint(1, 12)) for _ in range(5)]
        prompts += [*family, beginning, family[0][:-1], family[1]]
    prompts.append(stem + random_ids(draw, longest - len(stem)))
    draw.shuffle(prompts)
    return prompts


def random_choices(draw: random.Random) -> tuple[tuple[int, ...], ...]:
    """One to five continuations of 0 to 5 ids, some of which begin alike."""
    stem = random_ids(draw, 5)
    pool = [stem[:length] for length in range(6)]
    pool += [(*stem[:2], *random_ids(draw, 2)), *(random_ids(draw, n) for n in (1, 1, 2, 4))]
    return tuple(draw.sample(pool, draw.randint(1, 5)))


def random_questions(seed: int, shared: int = 0) -> list[ChoiceQuestion]:
    """Questions behind `random_prompts`; one fills the context to its last place."""
    draw = random.Random(seed)
    prompts = random_prompts(seed, CONTEXT - 5, shared)
    questions = [ChoiceQuestion(prompt, random_choices(draw)) for prompt in prompts]
    questions.append(questions[3])
    full = max(questions, key=lambda question: len(question.prompt)).prompt
    questions.append(ChoiceQuestion(full, (random_ids(draw, CONTEXT - len(full)), (9,))))
    return questions


def check_choices(
    plain: Plain,
    questions: Sequence[ChoiceQuestion],
    answers: Mapping[int, Sequence[float]],
    tolerance: float,
) -> float:
    """Asserts that each question has its answer, the numbers and the ranking of the plain way.

    Two choices are ranked where they are apart by more than the tolerance.

    Returns:
        The largest difference (nats).
    """
    assert sorted(answers) == list(range(len(questions)))
    worst = 0.0
    for number, question in enumerate(questions):
        expected, got = plain.choose(question), answers[number]
        assert len(got) == len(expected)
        for choice, mine, right in zip(question.choices, got, expected, strict=True):
            if not choice:
                assert mine == 0.0
            worst = max(worst, abs(mine - right))
            assert abs(mine - right) <= tolerance, (number, len(question.prompt), choice)
        for one, other in combinations(range(len(expected)), 2):
            if abs(expected[one] - expected[other]) > tolerance:
                assert (got[one] > got[other]) == (expected[one] > expected[other]), number
    return worst


def check_blocks(
    plain: Plain, ids: Sequence[int], blocks: Sequence[LogProbs], rows: int, tolerance: float
) -> float:
    """Asserts that streamed log-probabilities are those of the plain way, `rows` to a block.

    Returns:
        The largest difference (nats).
    """
    assert [len(block) for block in blocks] == [
        min(rows, len(ids) - start) for start in range(0, len(ids), rows)
    ]
    worst = float(np.abs(np.concatenate(blocks) - plain.log_probabilities(ids)).max())
    assert worst <= tolerance
    return worst


def check_texts(plain: Plain, engine: Engine, tokenizer: Tokenizer, tolerance: float) -> None:
    """Asserts that texts of all scripts get from encoding to scores and to decoded answers."""
    prompts = [tuple(engine.encode(text)) for text in TEXTS]
    assert [tokenizer.decode(prompt) for prompt in prompts] == list(TEXTS)
    choices = tuple(tuple(tokenizer.encode(text, add_bos=False)) for text in TEXTS[:3])
    questions = [ChoiceQuestion(prompt, choices) for prompt in prompts]
    check_choices(plain, questions, dict(engine.choose(questions)), tolerance)
    for number, answer in engine.generate(prompts, Limits(8)):
        assert answer.ids == plain.greedy(prompts[number], 8)
        assert tokenizer.decode(answer.ids).encode(), "half a character is replaced, not kept"
