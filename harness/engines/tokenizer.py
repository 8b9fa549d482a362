"""Text to token ids and back, by a model's own tokenizer, without loading its weights.

Models of one lineage are asked with the ids of one tokenizer; that a GGUF carries the same
tokenizer is checked by opening both through this module.
"""

from __future__ import annotations

from pathlib import Path

from harness.engines.chat import ChatSettings
from harness.engines.messages import Message
from harness.engines.templated import Tokenizer
from harness.errors import BadModelError

__all__ = ["ChatSettings", "Message", "Tokenizer", "open_tokenizer"]


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
