"""A tokenizer with a chat template: what the tokenizers of all engines do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Any

from harness.engines.chat import ChatSettings, render_chat, text_after_answer
from harness.engines.messages import Message
from harness.engines.said import HINT, check_said, in_parts, roles_in_parts
from harness.errors import BadModelError


class Tokenizer(ABC):
    """A model's tokenizer and chat template."""

    bos_id: int | None
    """The id that begins every text of this model; None where the model wants none."""
    bos_marker: int | None
    """The id of the BOS marker, also where texts do not begin with it by themselves."""
    eos_id: int | None
    """The id that ends a text; None where the tokenizer has none."""
    chat_template: str | None
    """The Jinja source of the chat template."""
    knows_ids = True
    """Whether ids are those of the model; else they only tell texts apart."""

    def __init__(self, own_template: str | None, chat: ChatSettings | None) -> None:
        """Args:
        own_template: the model's own.
        chat: how it is run, or what is run in its place.
        """
        self._chat = chat or ChatSettings()
        self.chat_template = own_template if self._chat.template is None else self._chat.template

    @property
    def has_chat_template(self) -> bool:
        """Whether `render` can be used."""
        return self.chat_template is not None

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Ids that end an answer: end of text, and end of turn where there is a template."""
        behind = self.encode(text_after_answer(self.render).strip(), add_bos=False)
        return frozenset([*self._ends(), *filter(self._is_marker, behind[:1])])

    def end_of_answer(self, messages: Sequence[Message]) -> int | None:
        """The id that an answer is ended with: the template's own, else the end of text.

        Found by ids behind where an answer stands, and never by an answer's letters.

        Args:
            messages: the conversation that is answered; none where there is no template.

        Returns:
            None where the tokenizer has nothing to end an answer with.
        """
        after = text_after_answer(self.render, messages) if messages else ""
        ends = (token for token in self.encode(after, add_bos=False) if token in self.stop_ids)
        return next(ends, self.eos_id)

    def encode(self, text: str, add_bos: bool = True) -> list[int]:
        """Token ids of a text. Markers such as `</s>` in the text become their ids.

        With `add_bos`, ids begin with exactly one BOS where the model wants one, also when the
        text itself begins with its marker. No EOS is ever added.
        """
        ids = self._encode(text)
        if add_bos and self.bos_id is not None and ids[:1] != [self.bos_id]:
            ids = [self.bos_id, *ids]
        return ids

    def is_unknown(self, token: int) -> bool:
        """Whether an id stands for whatever the tokenizer does not know."""
        return False

    @abstractmethod
    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """The text of ids; markers are left out unless `keep_special`."""

    def render(
        self, messages: list[Message], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        """A conversation as the text that the model was trained to see, with all that is said in it.

        Args:
            messages: the turns.
            generation_prompt: whether the model's turn is opened behind them.
            tools: that may be called, as JSON schemas.

        Raises:
            BadModelError: there is no chat template, it refuses these messages, or it leaves out or
                changes what they say.
        """
        given = in_parts(messages, self._in_parts)
        text = self._rendered(given, generation_prompt, tools)
        check_said(text, messages)
        if tools and text == self._rendered(given, generation_prompt):
            raise BadModelError("The model's chat template leaves out the tools.", HINT)
        return text

    @cached_property
    def _in_parts(self) -> frozenset[str]:
        """Roles whose content the template takes as a list of parts."""
        return roles_in_parts(partial(self._rendered, generation_prompt=False))

    def _rendered(
        self, messages: Sequence[Message], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        return render_chat(
            self.chat_template,
            messages,
            generation_prompt,
            self._special_tokens(),
            {**self._chat.variables(), **({"tools": list(tools)} if tools else {})},
        )

    @abstractmethod
    def _encode(self, text: str) -> list[int]:
        """The ids of a text, BOS only where the text has it."""

    @abstractmethod
    def _ends(self) -> Iterable[int]:
        """Ids that the model's files name as the end of a text."""

    @abstractmethod
    def _is_marker(self, token: int) -> bool:
        """Whether an id stands for a marker, and not for a piece of text."""

    @abstractmethod
    def _special_tokens(self) -> dict[str, str]:
        """What a template may name: {"bos_token": "<s>"}."""
