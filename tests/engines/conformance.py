"""What every engine must do, whatever runs the model: one suite for all of them.

An engine is held against the plain model, run by Transformers alone, one sequence at a time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from harness.engines.protocol import ChoiceQuestion, Engine, Limits, Sampling
from harness.engines.sampling import Sampler
from harness.errors import InputError, PromptTooLongError
from tests.engines.models import CONTEXT, VOCABULARY
from tests.engines.plain import Plain


@dataclass(frozen=True)
class Case:
    """An engine, the same model run the plain way, and how close the two are to be."""

    engine: Engine
    plain: Plain
    parameters: int
    disk_bytes: int
    tolerance: float = 2e-4


def ids_of(length: int, seed: int, begin: Sequence[int] = ()) -> tuple[int, ...]:
    """A random prompt behind BOS and given ids; without the tokenizer's markers."""
    draw = random.Random(seed)
    return (1, *begin, *(draw.randrange(8, VOCABULARY) for _ in range(length)))


def mixed_questions() -> list[ChoiceQuestion]:
    """Prompts of many lengths, some with a common beginning; choices of 0, 1 and many tokens."""
    shared = ids_of(20, seed=1)[1:]
    choices = ((17,), (300,), (17, 40), (17, 40, 60), (), (9, 9, 9, 9, 9))
    questions = [ChoiceQuestion(ids_of(3 + n % 5, seed=n, begin=shared), choices) for n in range(9)]
    questions += [ChoiceQuestion(ids_of(4 * n, seed=50 + n), choices[:3]) for n in range(4)]
    return [*questions, questions[0], ChoiceQuestion(ids_of(5, seed=99), ((), ()))]


def few_shot_questions() -> list[ChoiceQuestion]:
    """More prompts than a batch holds, all behind the same 40 tokens, as few-shot tasks ask."""
    shared = ids_of(40, seed=1)[1:]
    return [
        ChoiceQuestion(ids_of(3 + n % 4, seed=n, begin=shared), ((17,), (17, 40))[: 1 + n % 2])
        for n in range(70)
    ]


class Conformance:
    """The suite; a subclass provides the fixture `case`."""

    def test_a_choice_gets_the_log_probability_that_the_plain_model_gives(self, case: Case) -> None:
        questions = mixed_questions()
        answers = dict(case.engine.choose(questions))
        assert sorted(answers) == list(range(len(questions)))
        for number, question in enumerate(questions):
            assert answers[number] == pytest.approx(case.plain.choose(question), abs=case.tolerance)

    def test_prompts_behind_the_same_examples_are_scored_as_the_plain_model_does(
        self, case: Case
    ) -> None:
        questions = few_shot_questions()
        answers = dict(case.engine.choose(questions))
        for number, question in enumerate(questions):
            assert answers[number] == pytest.approx(case.plain.choose(question), abs=case.tolerance)

    def test_an_empty_choice_has_log_probability_zero(self, case: Case) -> None:
        question = ChoiceQuestion((1, 20), ((), (30,)))
        assert dict(case.engine.choose([question]))[0][0] == 0.0

    def test_the_order_of_questions_changes_no_answer(self, case: Case) -> None:
        questions = mixed_questions()
        order = list(range(len(questions)))
        random.Random(3).shuffle(order)
        plain = dict(case.engine.choose(questions))
        shuffled = dict(case.engine.choose([questions[n] for n in order]))
        for place, number in enumerate(order):
            assert shuffled[place] == pytest.approx(plain[number], abs=case.tolerance)

    def test_a_question_asked_alone_is_answered_as_among_others(self, case: Case) -> None:
        questions = mixed_questions()
        together = dict(case.engine.choose(questions))
        for number in (0, 4, 10):
            alone = dict(case.engine.choose([questions[number]]))[0]
            assert alone == pytest.approx(together[number], abs=case.tolerance)

    def test_no_question_gets_no_answer(self, case: Case) -> None:
        assert list(case.engine.choose([])) == []
        assert list(case.engine.generate([], Limits(5))) == []
        assert dict(case.engine.choose([ChoiceQuestion((1, 9), ())])) == {0: []}

    def test_an_abandoned_iterator_does_not_disturb_the_next(self, case: Case) -> None:
        questions = mixed_questions()
        next(iter(case.engine.choose(questions)))
        next(iter(case.engine.generate([ids_of(9, 1), ids_of(5, 2)], Limits(3))))
        assert dict(case.engine.choose(questions[:1]))[0] == pytest.approx(
            case.plain.choose(questions[0]), abs=case.tolerance
        )

    def test_a_prompt_that_just_fits_is_scored(self, case: Case) -> None:
        question = ChoiceQuestion(ids_of(CONTEXT - 3, seed=7), ((30, 31), (32,)))
        assert len(question.prompt) + 2 == CONTEXT
        assert dict(case.engine.choose([question]))[0] == pytest.approx(
            case.plain.choose(question), abs=case.tolerance
        )

    def test_a_prompt_that_does_not_fit_is_refused_with_its_length(self, case: Case) -> None:
        prompt = ids_of(CONTEXT - 2, seed=7)
        with pytest.raises(PromptTooLongError, match=f"{len(prompt)} tokens.*{CONTEXT}"):
            list(case.engine.choose([ChoiceQuestion(prompt, ((30, 31),))]))
        with pytest.raises(PromptTooLongError, match=f"{len(prompt)} tokens.*{CONTEXT}"):
            list(case.engine.generate([(1, 9), prompt], Limits(2)))
        with pytest.raises(PromptTooLongError, match=f"{len(prompt) * 2} tokens.*{CONTEXT}"):
            list(case.engine.distributions(prompt * 2))

    @pytest.mark.parametrize("prompt", [(), (1, VOCABULARY), (1, -1)])
    def test_ids_that_no_model_can_run_are_refused(
        self, case: Case, prompt: tuple[int, ...]
    ) -> None:
        with pytest.raises(InputError):
            list(case.engine.choose([ChoiceQuestion(prompt, ((9,),))]))
        with pytest.raises(InputError):
            list(case.engine.generate([prompt], Limits(1)))
        with pytest.raises(InputError):
            list(case.engine.distributions(prompt))

    def test_generation_is_the_plain_models_most_likely_continuation(self, case: Case) -> None:
        shared = ids_of(12, seed=1)[1:]
        prompts = [ids_of(3 + 2 * n, seed=n, begin=shared) for n in range(20)]
        prompts += [ids_of(0, seed=0), ids_of(CONTEXT - 9, seed=8)]
        answers = dict(case.engine.generate(prompts, Limits(8)))
        assert sorted(answers) == list(range(len(prompts)))
        for number, prompt in enumerate(prompts):
            assert answers[number].ids == case.plain.greedy(prompt, 8)
            assert answers[number].finish_reason == "length"

    def test_a_stop_id_ends_one_answer_and_is_not_part_of_it(self, case: Case) -> None:
        prompts = [ids_of(4 + n, seed=n) for n in range(6)]
        free = [case.plain.greedy(prompt, 6) for prompt in prompts]
        stop = free[0][2]
        answers = dict(case.engine.generate(prompts, Limits(6, frozenset({stop}))))
        assert answers[0].finish_reason == "stop"
        for number, ids in enumerate(free):
            cut = ids.index(stop) if stop in ids else len(ids)
            assert answers[number].ids == ids[:cut]
            assert (answers[number].finish_reason == "stop") == (stop in ids)

    def test_an_answer_ends_where_what_was_written_says_so(self, case: Case) -> None:
        prompts = [ids_of(4 + n, seed=n) for n in range(6)]
        free = [case.plain.greedy(prompt, 6) for prompt in prompts]
        before = case.engine.work.new_tokens
        limits = Limits(6, ended=lambda ids: len(ids) == 6 or ids[-1] == free[0][2])
        answers = dict(case.engine.generate(prompts, limits))
        for number, ids in enumerate(free):
            last = ids.index(free[0][2]) + 1 if free[0][2] in ids else len(ids)
            assert (answers[number].ids, answers[number].finish_reason) == (ids[:last], "stop")
            assert len(answers[number].token_seconds) == last
        written = sum(len(of.ids) for of in answers.values())
        assert case.engine.work.new_tokens - before == written < 36

    def test_every_token_of_an_answer_has_its_time(self, case: Case) -> None:
        for _, answer in case.engine.generate([ids_of(5, 1), ids_of(9, 2)], Limits(4)):
            assert len(answer.token_seconds) == len(answer.ids) == 4
            assert list(answer.token_seconds) == sorted(answer.token_seconds)
            assert answer.token_seconds[0] > 0

    def test_at_temperature_0_a_sample_is_what_is_generated(self, case: Case) -> None:
        prompts = [ids_of(3 + 5 * n, seed=n) for n in range(4)] + [ids_of(0, seed=0)]
        generated = dict(case.engine.generate(prompts, Limits(8)))
        for number, prompt in enumerate(prompts):
            sampled = tuple(case.engine.sample(prompt, Limits(8), Sampling()))
            assert sampled == generated[number].ids == case.plain.greedy(prompt, 8)

    def test_a_sample_is_drawn_from_the_plain_models_distribution(self, case: Case) -> None:
        prompt, sampling = ids_of(6, seed=3), Sampling(0.8, 0.9, 20, seed=5)
        ids, sampler = list(prompt), Sampler(sampling, prompt)
        for _ in range(6):
            logits = case.plain.log_probabilities(ids)[-1].astype(np.float32)
            ids.append(sampler.draw(logits))
        assert tuple(case.engine.sample(prompt, Limits(6), sampling)) == tuple(ids[len(prompt) :])
        others = (replace(sampling, seed=n) for n in range(5))
        assert len({tuple(case.engine.sample(prompt, Limits(6), other)) for other in others}) > 1

    def test_a_sample_ends_where_it_is_told_and_can_be_dropped(self, case: Case) -> None:
        prompt = ids_of(5, seed=2)
        free = case.plain.greedy(prompt, 6)
        stopped = case.engine.sample(prompt, Limits(6, frozenset({free[3]})), Sampling())
        assert tuple(stopped) == free[: free.index(free[3])]
        ended = Limits(6, ended=lambda ids: len(ids) == 2)
        assert tuple(case.engine.sample(prompt, ended, Sampling())) == free[:2]
        assert next(case.engine.sample(prompt, Limits(6), Sampling())) == free[0]
        assert tuple(case.engine.sample(prompt, Limits(0), Sampling())) == ()
        with pytest.raises(PromptTooLongError):
            next(case.engine.sample(ids_of(CONTEXT - 2, seed=7), Limits(9), Sampling()))

    def test_a_conversation_that_goes_on_is_answered_as_if_it_were_new(self, case: Case) -> None:
        question, other = ids_of(9, seed=4), ids_of(9, seed=4)[:5] + ids_of(6, seed=5)[1:]
        sampling = Sampling(0.9, seed=2)
        first = tuple(case.engine.sample(question, Limits(6), sampling))
        longer = (*question, *first, *ids_of(4, seed=6)[1:])
        for prompt in (longer, longer, question, other, longer[:-2], longer * 4):
            answer = tuple(case.engine.sample(prompt, Limits(6), Sampling()))
            assert answer == case.plain.greedy(prompt, 6)
        next(case.engine.sample(other, Limits(6), Sampling()))
        dict(case.engine.generate([question], Limits(3)))
        assert tuple(case.engine.sample(question, Limits(6), sampling)) == first

    def test_no_new_token_is_no_answer(self, case: Case) -> None:
        answer = dict(case.engine.generate([(1, 9)], Limits(0)))[0]
        assert (answer.ids, answer.finish_reason, answer.token_seconds) == ((), "length", ())

    @pytest.mark.parametrize("rows", [1, 7, 16, 256])
    def test_distributions_are_streamed_in_whole_blocks(self, case: Case, rows: int) -> None:
        ids = ids_of(31, seed=4)
        blocks = list(case.engine.distributions(ids, rows))
        assert [len(block) for block in blocks[:-1]] == [rows] * (31 // rows if rows < 32 else 0)
        every = np.concatenate(blocks)
        assert every.dtype == np.float32
        assert every.shape == (32, VOCABULARY)
        np.testing.assert_allclose(np.exp(every).sum(-1), 1, atol=1e-4)
        np.testing.assert_allclose(every, case.plain.log_probabilities(ids), atol=case.tolerance)

    def test_a_text_begins_with_exactly_one_bos(self, case: Case) -> None:
        for text in ("The profit", "<s>The profit", "", "<s>"):
            assert case.engine.encode(text)[0] == 1
            assert case.engine.encode(text).count(1) == 1

    def test_what_it_is_and_takes_up_is_told(self, case: Case) -> None:
        info, footprint = case.engine.info, case.engine.footprint()
        assert (info.vocab_size, info.context_length) == (VOCABULARY, CONTEXT)
        assert info.parameters == case.parameters
        assert info.threads >= 1
        assert footprint.disk_bytes == case.disk_bytes
        assert footprint.peak_resident_bytes > 10_000_000
        assert case.engine.load_seconds > 0
