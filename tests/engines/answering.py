"""What everyone must do who answers tasks, on token ids or on texts: one suite for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from harness.capabilities import WORDS, Capability
from harness.engines.answerer import Answerer, Asked, Completion
from harness.engines.protocol import Limits
from harness.engines.stopping import cut
from harness.errors import CannotAnswerError

LIMITS = Limits(4)


@dataclass(frozen=True)
class AnswererCase:
    """An answerer, and prompts that it takes: some with choices, none too long."""

    answerer: Answerer
    prompts: Sequence[Asked]
    limits: Limits = LIMITS


class AnswererConformance:
    """The suite; a subclass provides the fixture `case`."""

    def test_every_prompt_is_answered_once_and_within_the_limit(self, case: AnswererCase) -> None:
        before = case.answerer.work.new_tokens
        found = list(case.answerer.generate(case.prompts, case.limits))
        assert sorted(place for place, _ in found) == list(range(len(case.prompts)))
        for _, completion in found:
            assert 0 <= completion.tokens <= case.limits.max_new_tokens
            assert completion.tokens == case.limits.max_new_tokens or not completion.truncated
            assert completion.ids is None or len(completion.ids) == completion.tokens
            assert len(completion.token_seconds) in (0, completion.tokens)
            assert list(completion.token_seconds) == sorted(completion.token_seconds)
        written = sum(completion.tokens for _, completion in found)
        assert case.answerer.work.new_tokens - before == written > 0

    def test_the_order_of_prompts_changes_no_answer(self, case: AnswererCase) -> None:
        def said(prompts: Sequence[Asked]) -> dict[str, tuple[str, int, str]]:
            return {
                prompts[place].text: (of.text, of.tokens, of.finish_reason)
                for place, of in case.answerer.generate(prompts, case.limits)
            }

        assert said(case.prompts) == said(list(reversed(case.prompts)))

    def test_an_answer_ends_before_the_first_stop_and_nothing_is_written_behind(
        self, case: AnswererCase
    ) -> None:
        free = dict(case.answerer.generate(case.prompts, case.limits))
        stop = next(
            character
            for character in free[0].text.strip()[1:]
            if character.isascii() and character.isalpha()
        )
        before = case.answerer.work.new_tokens
        found = dict(case.answerer.generate(case.prompts, replace(case.limits, stops=(stop,))))
        written = sum(completion.tokens for completion in found.values())
        assert case.answerer.work.new_tokens - before == written
        assert found[0].stopped_at == stop and found[0].tokens < free[0].tokens
        for place, completion in found.items():
            expected, stopped = cut(free[place].text, [stop])
            assert (completion.text, completion.stopped_at) == (expected, stopped)
            assert completion.finish_reason == ("stop" if stopped else free[place].finish_reason)

    def test_no_prompt_gets_no_answer(self, case: AnswererCase) -> None:
        assert list(case.answerer.generate([], case.limits)) == []

    def test_an_abandoned_iterator_does_not_disturb_the_next(self, case: AnswererCase) -> None:
        def first() -> Completion:
            return dict(case.answerer.generate(case.prompts[:1], case.limits))[0]

        undisturbed = first()
        next(iter(case.answerer.generate(case.prompts, case.limits)))
        assert (first().text, first().tokens) == (undisturbed.text, undisturbed.tokens)

    def test_it_is_asked_for_what_it_can_and_refuses_the_rest_by_name(
        self, case: AnswererCase
    ) -> None:
        answerer = case.answerer
        answerer.require(answerer.capabilities, "A task")
        lacking: set[Capability] = set(WORDS) - answerer.capabilities
        for capability in lacking:
            with pytest.raises(CannotAnswerError, match=WORDS[capability]) as caught:
                answerer.require(frozenset({capability}), "A task")
            assert answerer.info.engine in caught.value.message and caught.value.hint
        if "choose" in lacking:
            with pytest.raises(CannotAnswerError):
                answerer.choose(case.prompts)
        if "distributions" in lacking:
            with pytest.raises(CannotAnswerError):
                answerer.distributions((1, 2))
            with pytest.raises(CannotAnswerError):
                answerer.decode((1, 2))

    def test_each_choice_gets_one_log_probability(self, case: AnswererCase) -> None:
        if "choose" not in case.answerer.capabilities:
            return
        found = dict(case.answerer.choose(case.prompts))
        assert sorted(found) == list(range(len(case.prompts)))
        for place, scores in found.items():
            assert len(scores) == len(case.prompts[place].choices) > 0
            assert all(score <= 0 for score in scores)

    def test_what_it_is_and_takes_up_is_told(self, case: AnswererCase) -> None:
        assert case.answerer.info.engine and case.answerer.load_seconds >= 0
        footprint = case.answerer.footprint()
        sizes = (footprint.disk_bytes, footprint.peak_resident_bytes, footprint.peak_device_bytes)
        assert min(sizes) >= 0
