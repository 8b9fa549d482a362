"""The tokenizer inside a GGUF file, run by llama.cpp."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import llama_cpp.llama_cpp as lib

from harness.engines.chat import ChatSettings, render_chat, text_after_answer
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.messages import Message

NO_TOKEN = -1


class GgufTokenizer:
    """`Tokenizer` over a loaded GGUF, which must outlive it."""

    def __init__(self, model: LlamaModel, chat: ChatSettings | None = None) -> None:
        self._model = model
        self._chat = chat or ChatSettings()
        self._vocab = model.vocab
        self.bos_id: int | None = None
        if lib.llama_vocab_get_add_bos(self._vocab):
            self.bos_id = int(lib.llama_vocab_bos(self._vocab))
        self.chat_template = self._chat.template or model.meta("tokenizer.chat_template")

    @property
    def has_chat_template(self) -> bool:
        return self.chat_template is not None

    @property
    def bos_marker(self) -> int | None:
        found = int(lib.llama_vocab_bos(self._vocab))
        # Where a file names none, llama.cpp takes a fixed id, which may be any piece.
        named = found != NO_TOKEN and (found == self.bos_id or self._is_marker(found))
        return found if named else None

    @property
    def eos_id(self) -> int | None:
        found = int(lib.llama_vocab_eos(self._vocab))
        return None if found == NO_TOKEN else found

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        found = {
            token
            for token in range(self._model.vocab_size)
            if lib.llama_vocab_is_eog(self._vocab, token)
        }
        behind = self.encode(text_after_answer(self.render), add_bos=False)
        found.update(token for token in behind[:1] if self._is_marker(token))
        return frozenset(found)

    def _is_marker(self, token: int) -> bool:
        marker = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        return bool(lib.llama_vocab_get_attr(self._vocab, token) & marker)

    def encode(self, text: str, add_bos: bool = True) -> list[int]:
        raw = text.encode("utf-8", "surrogatepass")
        size = len(raw) + 8
        while True:
            buffer = (lib.llama_token * size)()
            count = lib.llama_tokenize(self._vocab, raw, len(raw), buffer, size, False, True)
            if count >= 0:
                break
            size = -count
        ids = list(buffer[:count])
        if add_bos and self.bos_id is not None and ids[:1] != [self.bos_id]:
            ids = [self.bos_id, *ids]
        return ids

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        if not keep_special and ids and ids[0] == self.bos_id:
            ids = ids[1:]
        tokens = (lib.llama_token * len(ids))(*ids)
        size = 16 * len(ids) + 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_detokenize(
                self._vocab, tokens, len(ids), buffer, size, False, keep_special
            )
            if length >= 0:
                return buffer.raw[:length].decode("utf-8", "replace")
            size = -length

    def render(self, messages: list[Message], generation_prompt: bool) -> str:
        return render_chat(
            self.chat_template,
            messages,
            generation_prompt,
            self._special_tokens,
            self._chat.variables(),
        )

    @cached_property
    def _special_tokens(self) -> dict[str, str]:
        named = {
            "bos_token": lib.llama_vocab_bos(self._vocab),
            "eos_token": lib.llama_vocab_eos(self._vocab),
            "pad_token": lib.llama_vocab_pad(self._vocab),
        }
        return {
            name: lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")
            for name, token in named.items()
            if token != NO_TOKEN
        }


def open_gguf_tokenizer(path: Path, chat: ChatSettings | None = None) -> GgufTokenizer:
    """The tokenizer of a GGUF file; its weights are not loaded.

    Raises:
        BadModelError: the file is damaged or no GGUF.
    """
    model = LlamaModel(path, vocab_only=True)
    tokenizer = GgufTokenizer(model, chat)
    weakref.finalize(tokenizer, model.close)
    return tokenizer
