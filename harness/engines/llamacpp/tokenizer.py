"""The tokenizer inside a GGUF file, run by llama.cpp."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

import llama_cpp.llama_cpp as lib

from harness.engines.chat import ChatSettings
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.templated import Tokenizer

NO_TOKEN = -1


class GgufTokenizer(Tokenizer):
    """`Tokenizer` over a loaded GGUF, which must outlive it."""

    def __init__(self, model: LlamaModel, chat: ChatSettings | None = None) -> None:
        super().__init__(model.meta("tokenizer.chat_template"), chat)
        self._model = model
        self._vocab = model.vocab
        begin, end = int(lib.llama_vocab_bos(self._vocab)), int(lib.llama_vocab_eos(self._vocab))
        self.bos_id = begin if lib.llama_vocab_get_add_bos(self._vocab) else None
        # Where a file names none, llama.cpp takes a fixed id, which may be any piece.
        named = begin != NO_TOKEN and (begin == self.bos_id or self._is_marker(begin))
        self.bos_marker = begin if named else None
        self._named_end = model.meta("tokenizer.ggml.eos_token_id") is not None
        self.eos_id = end if end != NO_TOKEN and self._is_end(end) else None

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

    def is_unknown(self, token: int) -> bool:
        unknown = lib.llama_vocab_get_attr(self._vocab, token) & lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return bool(unknown) and token not in (self.eos_id, self.bos_marker)

    def _encode(self, text: str) -> list[int]:
        raw = text.encode("utf-8", "surrogatepass")
        size = len(raw) + 8
        while True:
            buffer = (lib.llama_token * size)()
            count = lib.llama_tokenize(self._vocab, raw, len(raw), buffer, size, False, True)
            if count >= 0:
                return list(buffer[:count])
            size = -count

    def _ends(self) -> Iterable[int]:
        tokens = range(self._model.vocab_size)
        return (
            token
            for token in tokens
            if lib.llama_vocab_is_eog(self._vocab, token) and self._is_end(token)
        )

    def _is_end(self, token: int) -> bool:
        """Whether an end is the file's own, and not the fixed id that llama.cpp takes for want of one."""
        return self._named_end or self._is_marker(token)

    def _is_marker(self, token: int) -> bool:
        marker = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        return bool(lib.llama_vocab_get_attr(self._vocab, token) & marker)

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
