"""Prompts for a server, whose template and tokens nobody knows here: texts as they are sent.

Ids are the bytes of the text, so that all that tells prompts and choices apart by ids does so by their
letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.engines.messages import Message
from harness.engines.templated import Tokenizer


class AsSent(Tokenizer):
    """Stands in for the tokenizer of a served model."""

    knows_ids = False

    def __init__(self) -> None:
        super().__init__(None, None)
        self.bos_id = self.bos_marker = self.eos_id = None

    @property
    def has_chat_template(self) -> bool:
        """The server has one."""
        return True

    def render(
        self, messages: list[Message], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        """The messages for a reader, a turn a paragraph; what the model reads, the server makes."""
        turns = [f"[{message['role']}]\n{message['content']}" for message in messages]
        return "\n\n".join([*turns, "[assistant]\n"] if generation_prompt else turns)

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """See `Tokenizer.decode`."""
        return bytes(ids).decode("utf-8", errors="replace")

    def _encode(self, text: str) -> list[int]:
        return list(text.encode())

    def _ends(self) -> Iterable[int]:
        return ()

    def _is_marker(self, token: int) -> bool:
        return False

    def _special_tokens(self) -> dict[str, str]:
        return {}
