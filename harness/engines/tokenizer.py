"""Text to token ids and back, by a model's own tokenizer, without loading its weights.

Models of one lineage are asked with the ids of one tokenizer; that a GGUF carries the same
tokenizer is checked by opening both through this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from harness.engines.chat import ChatSettings
from harness.engines.messages import Message
from harness.errors import BadModelError

__all__ = ["ChatSettings", "Message", "Tokenizer", "open_tokenizer"]


class Tokenizer(Protocol):
    """A model's tokenizer and chat template."""

    @property
    def bos_id(self) -> int | None:
        """The id that begins every text of this model; None where the model wants none."""

    @property
    def bos_marker(self) -> int | None:
        """The id of the BOS marker, also where texts do not begin with it by themselves."""

    @property
    def eos_id(self) -> int | None:
        """The id that ends a text; None where the tokenizer has none."""

    @property
    def stop_ids(self) -> frozenset[int]:
        """Ids that end an answer: end of text, and end of turn where there is a template."""

    @property
    def chat_template(self) -> str | None:
        """The Jinja source of the chat template."""

    @property
    def has_chat_template(self) -> bool:
        """Whether `render` can be used."""

    def encode(self, text: str, add_bos: bool = True) -> list[int]:
        """Token ids of a text. Markers such as `</s>` in the text become their ids.

        With `add_bos`, ids begin with exactly one BOS where the model wants one, also when the
        text itself begins with its marker. No EOS is ever added.
        """

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """The text of ids; markers are left out unless `keep_special`."""

    def render(self, messages: list[Message], generation_prompt: bool) -> str:
        """A conversation as the text that the model was trained to see.

        Raises:
            BadModelError: there is no chat template, or it refuses these messages.
        """


def open_tokenizer(path: Path, chat: ChatSettings | None = None) -> Tokenizer:
    """The tokenizer of a Transformers folder or of a GGUF file.

    Args:
        path: of the model.
        chat: how its chat template is run, or what is run in its place.

    Raises:
        BadModelError: it is missing or damaged; or the template does not read what `chat` sets.
    """
    tokenizer = _open(path, chat or ChatSettings())
    if chat is not None:
        chat.check(tokenizer.chat_template)
    return tokenizer


def _open(path: Path, chat: ChatSettings) -> Tokenizer:
    if path.is_dir():
        from harness.engines.hf.tokenizer import open_hf_tokenizer

        return open_hf_tokenizer(path, chat)
    if path.is_file():
        from harness.engines.llamacpp.tokenizer import open_gguf_tokenizer

        return open_gguf_tokenizer(path, chat)
    raise BadModelError(f"{path} does not exist.", "Check the path of the model.")
