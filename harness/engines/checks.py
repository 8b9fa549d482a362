"""Refuses what no engine can answer rightly, before anything is run.

Without these checks a prompt that is too long would be cut, an id outside the vocabulary would
read foreign memory on some backends, and the first token of a text would have no condition.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from harness.engines.contexts import Context, NoNumberError, Scored, Scores, plan_contexts
from harness.engines.finite import FaultyWeight, first_row_without_numbers, not_finite
from harness.engines.portion import WHOLE, Portion
from harness.engines.process import peak_resident_bytes
from harness.engines.protocol import (
    ChoiceQuestion,
    EngineInfo,
    EngineSpec,
    Footprint,
    Generation,
    Limits,
    LogProbs,
    Sampling,
    Work,
)
from harness.engines.sampling import Sampler
from harness.errors import InputError, NotFiniteError, PromptTooLongError

LENGTH_HINT = (
    "Use fewer shots, shorter examples or fewer new tokens, or a model with a longer context; "
    "`too_long: leave_out` in the task leaves such examples out for all models."
)


class Reader(Protocol):
    """One sequence that is run a part at a time."""

    def read(self, ids: Sequence[int]) -> LogProbs:
        """Runs its next tokens.

        Returns:
            Logits after the last of them, float32, (vocabulary,); the next call may overwrite them.
        """


class CheckedEngine(ABC):
    """What engines share: all that is asked is checked, and planned, before any of it is run."""

    info: EngineInfo
    work: Work
    files: Sequence[Path]
    """What the model was loaded from."""

    def choose(
        self, questions: Sequence[ChoiceQuestion], portion: Portion = WHOLE
    ) -> Iterator[tuple[int, list[float]]]:
        """See `Engine.choose`."""
        check_questions(questions, self.info.vocab_size, self.info.context_length)
        scores = Scores(questions)
        yield from ((number, of) for number, of in scores.without_tokens() if portion.has(number))
        try:
            for found in self._score(plan_contexts(questions), portion):
                yield from scores.add(found)
        except NoNumberError as error:
            raise self._no_number(error.value, error.question) from None

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion = WHOLE
    ) -> Iterator[tuple[int, Generation]]:
        """See `Engine.generate`."""
        check_prompts(prompts, limits, self.info.vocab_size, self.info.context_length)
        if limits.max_new_tokens < 1:
            asked = filter(portion.has, range(len(prompts)))
            yield from ((number, Generation((), "length", ())) for number in asked)
            return
        for number, generation in self._generate(prompts, limits, portion):
            if not math.isfinite(generation.highest):
                raise self._no_number(generation.highest, number)
            yield number, generation

    def sample(self, prompt: Sequence[int], limits: Limits, sampling: Sampling) -> Iterator[int]:
        """See `Engine.sample`."""
        check_prompts([prompt], limits, self.info.vocab_size, self.info.context_length)
        if limits.max_new_tokens < 1:
            return
        written: list[int] = []
        reader, known = self._reader(prompt, len(prompt) + limits.max_new_tokens)
        sampler, unread = Sampler(sampling, prompt), prompt[known:]
        while len(written) < limits.max_new_tokens:
            logits = reader.read(written[-1:] or unread)
            self.work.prompt_tokens += 0 if written else len(unread)
            highest = float(logits.max())
            if not math.isfinite(highest):
                raise self._no_number(highest, 0)
            token = sampler.draw(logits)
            if token in limits.stop_ids:
                return
            written.append(token)
            self.work.new_tokens += 1
            yield token
            if limits.ended is not None and limits.ended(written):
                return

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """See `Engine.distributions`."""
        check_sequence(ids, self.info.vocab_size, self.info.context_length)
        read = 0
        for block in self._distributions(ids, rows):
            wrong = first_row_without_numbers(block)
            if wrong is not None:
                where = f"what follows token {read + wrong} of a text"
                raise not_finite(math.nan, where, self._faulty_weight(), self.info.dtype)
            read += len(block)
            yield block
            del block  # else it is held while the next one is made

    def _no_number(self, value: float, prompt: int) -> NotFiniteError:
        faulty = self._faulty_weight()
        return not_finite(value, f"prompt {prompt}", faulty, self.info.dtype, prompt)

    def footprint(self) -> Footprint:
        """See `Engine.footprint`."""
        disk = sum(file.stat().st_size for file in self.files)
        return Footprint(disk, peak_resident_bytes(), self._device_bytes())

    @abstractmethod
    def _score(self, contexts: Sequence[Context], portion: Portion) -> Iterator[Scored]:
        """Log-probability (nats) of each target of a portion's questions, some at a time.

        Args:
            contexts: of all questions.
            portion: which of them are asked.
        """

    @abstractmethod
    def _generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion
    ) -> Iterator[tuple[int, Generation]]:
        """The greedy continuation of each prompt of a portion, by at least one token."""

    @abstractmethod
    def _reader(self, prompt: Sequence[int], tokens: int) -> tuple[Reader, int]:
        """What reads one sequence, and how many ids of its prompt it has read already, at most all but one.

        Args:
            prompt: that the sequence begins with.
            tokens: most that it will have.
        """

    @abstractmethod
    def _distributions(self, ids: Sequence[int], rows: int) -> Iterator[LogProbs]:
        """Next-token log-probabilities after each id, in blocks."""

    @abstractmethod
    def _faulty_weight(self) -> FaultyWeight | None:
        """The first loaded weight that is no finite number; looked for once something went wrong."""

    @abstractmethod
    def _device_bytes(self) -> int:
        """The most that the model took up on a device; 0 where it runs on the processor."""


def check_questions(
    questions: Sequence[ChoiceQuestion], vocab_size: int, context_length: int
) -> None:
    """Raises InputError or PromptTooLongError, naming the first question that cannot be asked."""
    for number, question in enumerate(questions):
        check_ids(question.prompt, vocab_size, f"prompt {number}")
        for choice in question.choices:
            if choice:
                check_ids(choice, vocab_size, f"a choice of prompt {number}")
            if len(question.prompt) + len(choice) > context_length:
                raise PromptTooLongError(
                    f"Prompt {number} has {len(question.prompt)} tokens and a choice of "
                    f"{len(choice)}: more than the model's context of {context_length}.",
                    LENGTH_HINT,
                )


def check_prompts(
    prompts: Sequence[Sequence[int]], limits: Limits, vocab_size: int, context_length: int
) -> None:
    """Raises InputError or PromptTooLongError, naming the first prompt that cannot be asked."""
    for number, prompt in enumerate(prompts):
        check_ids(prompt, vocab_size, f"prompt {number}")
        if len(prompt) + limits.max_new_tokens > context_length:
            raise PromptTooLongError(
                f"Prompt {number} has {len(prompt)} tokens, and {limits.max_new_tokens} new ones "
                f"are asked for: more than the model's context of {context_length}.",
                LENGTH_HINT,
            )


def check_sequence(ids: Sequence[int], vocab_size: int, context_length: int) -> None:
    """Raises InputError or PromptTooLongError if one sequence cannot be run."""
    check_ids(ids, vocab_size, "the text")
    if len(ids) > context_length:
        raise PromptTooLongError(
            f"The text has {len(ids)} tokens: more than the model's context of {context_length}.",
            "Cut the text into shorter windows, or use a model with a longer context; of a data set "
            "`too_long: leave_out` in the task leaves such examples out.",
        )


def check_ids(ids: Sequence[int], vocab_size: int, what: str) -> None:
    """Raises InputError if there is no id, or one that the model does not have."""
    if not ids:
        raise InputError(
            f"There is no token in {what}.",
            "A model needs at least one token to continue; does the template render any text?",
        )
    if min(ids) < 0 or max(ids) >= vocab_size:
        wrong = next(token for token in ids if not 0 <= token < vocab_size)
        raise InputError(
            f"Token id {wrong} in {what} is outside the model's vocabulary of {vocab_size}.",
            "The ids were made with the tokenizer of another model.",
        )


def usable_context(spec: EngineSpec, trained: int) -> int:
    """Longest sequence, in tokens, to be run: as asked for, at most what the model is made for.

    Raises:
        InputError: more was asked for than the model's positions reach.
    """
    if spec.context > trained:
        raise InputError(
            f"A context of {spec.context} tokens is asked for, but the model reaches {trained}.",
            "Lower `context`, or leave it out to use what each prompt needs.",
        )
    return spec.context or trained
