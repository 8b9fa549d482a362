"""From examples to prompts: through the chat template where there is one, else as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from harness.data import Dataset, Example, Phrasing, draw
from harness.data.continued import continued
from harness.engines.messages import Message
from harness.engines.reasoning import closing
from harness.engines.templated import Tokenizer
from harness.errors import BadDataError, BadModelError
from harness.suite.schema import Score
from harness.tasks.ending import Ending, line_breaks, stop_texts
from harness.tasks.prompts import Prompt, PromptSet
from harness.tasks.turns import (
    PromptFormat,
    continuation,
    conversation,
    learned_end,
    plain_text,
    system_place,
)


class Prompter:
    """Puts examples of one data set to one lineage's models."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        phrasing: Phrasing,
        labels: Sequence[str] = (),
        shots: Sequence[Example] = (),
        prompt_format: PromptFormat | None = None,
    ) -> None:
        """Prepares a prompter.

        Args:
            tokenizer: the lineage's own.
            phrasing: how the data set is put.
            labels: the choices, in order; empty for free text.
            shots: examples shown with their answers before each question.
            prompt_format: how they are asked; by default through the chat template where there is one.
        """
        self.tokenizer = tokenizer
        self.phrasing = phrasing
        self.labels = tuple(labels)
        self.shots = tuple(shots)
        self.prompt_format = prompt_format or PromptFormat()
        self.mode = (
            "chat" if tokenizer.has_chat_template and not self.prompt_format.plain else "plain"
        )
        self.system = system_place(tokenizer, self.prompt_format, self.mode == "chat")

    def prompt(self, index: int, example: Example) -> Prompt:
        """One question, with the ids of its right answer and of its choices."""
        messages = self.messages(example)
        text = self.asked(example, messages)
        ids = self.tokenizer.encode(text)
        labels = example.choices or self.labels
        continuations = tuple(self._behind(text, label) for label in labels)
        right = continuation(self.tokenizer, text, ids, self._behind(text, example.target))
        end = self.tokenizer.end_of_answer(messages)
        return Prompt(
            index=index,
            id=example.id,
            text=text,
            ids=tuple(ids),
            target=example.target,
            target_ids=tuple(right) if end is None else (*right, end),
            choices=tuple(continuation(self.tokenizer, text, ids, c) for c in continuations),
            continuations=continuations,
            messages=tuple(messages),
            labels=example.choices,
        )

    def written(self, index: int, id: str, text: str) -> Prompt:
        """One question that has no right answer."""
        example = Example(id, text, "")
        messages = self.messages(example)
        whole = self.asked(example, messages)
        ids = tuple(self.tokenizer.encode(whole))
        return Prompt(index, id, whole, ids, "", (), messages=tuple(messages))

    def set_of(
        self, prompts: Sequence[Prompt], available: int, ending: Ending | None = None
    ) -> PromptSet:
        """What is asked together: some of the `available` questions that there are."""
        return PromptSet(
            prompts=tuple(prompts),
            labels=self.labels,
            stop_ids=self.tokenizer.stop_ids,
            mode=self.mode,
            available=available,
            system=self.system,
            ending=ending or Ending(),
        )

    def ending(self, prompts: Sequence[Prompt], score: Score | Literal["auto"]) -> Ending:
        """What the choices of some prompts are compared by, and what ends one where that is scored.

        Raises:
            BadModelError: the end is to be scored, and nothing ends an answer. (Of a server, which alone
            knows what does, nothing is scored then.)
            BadDataError: two labels are the same ids.
        """
        wanted = score == "end" or (score == "auto" and any(continued(p.choices) for p in prompts))
        if prompts and self.labels:
            self._check_labels(prompts[0])
        if not wanted:
            return Ending(score)
        ends = set(self.tokenizer.stop_ids)
        if self.mode == "plain":
            first = prompts[0]
            for answer, ids in zip(first.continuations, first.choices, strict=True):
                ends.update(line_breaks(self.tokenizer, first.text, first.ids, answer, ids))
        if not ends and not self.tokenizer.knows_ids:
            return Ending(written=True)
        if not ends:
            named = self._continued(prompts)
            raise BadModelError(
                f"{named}the end of an answer is to be scored, and the model's tokenizer has no token that "
                "ends one",
                "Set `eos_token` in its tokenizer_config.json, take choices of which none goes on from "
                "another, or set `score: mean`.",
            )
        return Ending(score, frozenset(ends))

    def _check_labels(self, prompt: Prompt) -> None:
        """Refuses labels that the tokenizer does not tell apart: their scores would be the same."""
        names: dict[tuple[int, ...], str] = {}
        for label, ids in zip(self.labels, prompt.choices, strict=True):
            if names.setdefault(ids, label) != label:
                raise BadDataError(
                    f"the labels `{names[ids]}` and `{label}` are the same tokens for this model, so that "
                    "they cannot be told apart",
                    "Give them other names with `labels`, or set `ask: generate`.",
                )

    def _continued(self, prompts: Sequence[Prompt]) -> str:
        for prompt in prompts:
            pair = continued(prompt.choices)
            if pair is not None:
                one, other = ((prompt.labels or self.labels)[place] for place in pair)
                return f"the choice `{other}` goes on from `{one}`, so that "
        return ""

    def asked(self, example: Example, messages: list[Message]) -> str:
        """What the model reads, shots included, up to where its answer begins."""
        if self.mode == "chat":
            return self.tokenizer.render(messages, generation_prompt=True)
        return plain_text(self.phrasing, self.prompt_format, self.shots, example)

    def messages(self, example: Example) -> list[Message]:
        """The turns that are put through the chat template; none where a text is continued."""
        if self.mode != "chat":
            return []
        return conversation(self.phrasing, self.prompt_format, self.system, self.shots, example)

    def _behind(self, text: str, answer: str) -> str:
        """A thought that the template opens is closed first: the answer is no part of it."""
        return closing(text) + answer if self.mode == "chat" else f" {answer}"


def prompts_to_ask(
    tokenizer: Tokenizer,
    dataset: Dataset,
    phrasing: Phrasing,
    limit: int | None,
    seed: int,
    shots: int = 0,
    prompt_format: PromptFormat | None = None,
    score: Score | Literal["auto", ""] = "",
    stop: Sequence[str] | None = (),
) -> PromptSet:
    """The questions of a task: a subset of the test split.

    Args:
        tokenizer: the lineage's own.
        dataset: that is asked.
        phrasing: in which words.
        limit: how many at most.
        seed: of what is drawn.
        shots: examples of the train split shown before each.
        prompt_format: how they are asked; by default through the chat template where there is one.
        score: what choices are compared by; "" where nothing is chosen.
        stop: what ends a written answer; None for what parts shots.
    """
    stratify = bool(dataset.labels)
    shown = draw(dataset.train, shots, seed, stratify) if shots else []
    prompter = Prompter(tokenizer, phrasing, dataset.labels, shown, prompt_format)
    chosen = draw(dataset.test, limit, seed, stratify)
    prompts = [prompter.prompt(index, example) for index, example in enumerate(chosen)]
    ending = Ending()
    if score:
        ending = prompter.ending(prompts, score)
    if not score or not tokenizer.knows_ids:
        answers = [example.target for example in (*dataset.train, *dataset.test)]
        given = stop if not score else None
        texts = stop_texts(given, prompter.mode == "plain", shots, answers)
        ending = replace(ending, texts=texts)
    return prompter.set_of(prompts, len(dataset.test), ending)


def prompts_to_write(
    tokenizer: Tokenizer,
    asked: Mapping[str, str],
    available: int,
    prompt_format: PromptFormat | None = None,
    stop: Sequence[str] = (),
) -> PromptSet:
    """A user's own prompts, which have no right answer.

    Args:
        tokenizer: the lineage's own.
        asked: the prompts by id.
        available: how many there are, of which these are the first.
        prompt_format: how they are asked; by default through the chat template where there is one.
        stop: what ends a text.
    """
    prompter = Prompter(tokenizer, Phrasing("{text}", "{text}"), prompt_format=prompt_format)
    prompts = [prompter.written(index, *item) for index, item in enumerate(asked.items())]
    return prompter.set_of(prompts, available, Ending(texts=tuple(stop)))


def prompts_to_learn(
    tokenizer: Tokenizer,
    dataset: Dataset,
    phrasing: Phrasing,
    limit: int | None,
    seed: int,
    prompt_format: PromptFormat | None = None,
) -> Iterator[Prompt]:
    """What a fine-tuning learns from: the train split, asked as the test split is asked.

    Raises:
        BadModelError: the tokenizer has nothing to end an answer with.
    """
    prompter = Prompter(tokenizer, phrasing, (), (), prompt_format)
    for index, example in enumerate(draw(dataset.train, limit, seed, bool(dataset.labels))):
        if index == 0:
            learned_end(tokenizer, prompter.messages(example))
        yield prompter.prompt(index, example)
