"""The tokenizer of a Transformers folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.engines.chat import ChatSettings, render_chat, text_after_answer
from harness.engines.json_files import read_json
from harness.engines.load_errors import LOAD_ERRORS, one_line
from harness.engines.messages import Message
from harness.engines.own_code import code_refused, needs_code
from harness.engines.permissions import permissions_of
from harness.errors import BadModelError

FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "tokenizer_config.json")
AS_IT_STANDS = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Classes that take `tokenizer.json` for what it says. AutoTokenizer puts the family's own in their
place, with its own way of splitting words, where the model is a Qwen 2 or Phi 3."""


class HfTokenizer:
    """`Tokenizer` over Transformers' tokenizer; `settings` are the folder's JSON files."""

    def __init__(
        self,
        tokenizer: Any,
        settings: Sequence[dict[str, Any]],
        chat: ChatSettings | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._chat = chat or ChatSettings()
        self._settings = settings
        begin = tokenizer.bos_token_id
        wanted = begin is not None and begin in tokenizer("a")["input_ids"][:1]
        self.bos_id: int | None = int(begin) if wanted else None

    @property
    def chat_template(self) -> str | None:
        if self._chat.template is not None:
            return self._chat.template
        templates = self._tokenizer.chat_template
        if isinstance(templates, dict):
            templates = templates.get("default")
        return None if templates is None else str(templates)

    @property
    def has_chat_template(self) -> bool:
        return self.chat_template is not None

    @property
    def bos_marker(self) -> int | None:
        found = self._tokenizer.bos_token_id
        return None if found is None else int(found)

    @property
    def eos_id(self) -> int | None:
        found = self._tokenizer.eos_token_id
        return None if found is None else int(found)

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        found = set()
        for settings in self._settings:
            ends = settings.get("eos_token_id")
            found.update(ends if isinstance(ends, list) else [] if ends is None else [ends])
        if self._tokenizer.eos_token_id is not None:
            found.add(self._tokenizer.eos_token_id)
        behind = self.encode(text_after_answer(self.render), add_bos=False)
        markers = set(self._tokenizer.added_tokens_decoder) | set(self._tokenizer.all_special_ids)
        found.update(token for token in behind[:1] if token in markers)
        return frozenset(map(int, found))

    def encode(self, text: str, add_bos: bool = True) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if add_bos and self.bos_id is not None and ids[:1] != [self.bos_id]:
            ids = [self.bos_id, *ids]
        return ids

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        return str(
            self._tokenizer.decode(
                list(ids),
                skip_special_tokens=not keep_special,
                clean_up_tokenization_spaces=False,
            )
        )

    def render(self, messages: list[Message], generation_prompt: bool) -> str:
        return render_chat(
            self.chat_template,
            messages,
            generation_prompt,
            self._tokenizer.special_tokens_map,
            self._chat.variables(),
        )


def open_hf_tokenizer(folder: Path, chat: ChatSettings | None = None) -> HfTokenizer:
    """The tokenizer in a folder.

    Raises:
        BadModelError: its files are missing or damaged.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if not any((folder / name).is_file() for name in FILES):
        raise BadModelError(
            f"{folder} holds no tokenizer (none of {', '.join(FILES)}).",
            "Save the tokenizer beside the weights with `tokenizer.save_pretrained(folder)`.",
        )
    settings = [read_json(folder / name) for name in ("config.json", "generation_config.json")]
    declared = read_json(folder / "tokenizer_config.json").get("tokenizer_class")
    as_it_stands = declared in AS_IT_STANDS and (folder / "tokenizer.json").is_file()
    kind = PreTrainedTokenizerFast if as_it_stands else AutoTokenizer
    try:
        tokenizer = kind.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=permissions_of(folder).code
        )
    except Exception as error:
        # The tokenizers library raises Exception itself; anything else unknown is a bug of ours.
        if not isinstance(error, LOAD_ERRORS) and type(error) is not Exception:
            raise
        for file in ("tokenizer_config.json", "config.json"):
            if needs_code(folder, file) and not permissions_of(folder).code:
                raise code_refused(folder, file) from None
        raise BadModelError(
            f"The tokenizer in {folder} cannot be read: {one_line(error)}",
            "Download or save the tokenizer's files again.",
        ) from error
    return HfTokenizer(tokenizer, settings, chat)
