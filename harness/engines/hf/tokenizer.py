"""The tokenizer of a Transformers folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.engines.chat import ChatSettings
from harness.engines.json_files import read_json
from harness.engines.load_errors import LOAD_ERRORS, one_line
from harness.engines.own_code import refuse_code
from harness.engines.permissions import permissions_of
from harness.engines.templated import Tokenizer
from harness.errors import BadModelError

FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "tokenizer_config.json")
AS_IT_STANDS = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Classes that take `tokenizer.json` for what it says. AutoTokenizer puts the family's own in their
place, with its own way of splitting words, where the model is a Qwen 2 or Phi 3."""


class HfTokenizer(Tokenizer):
    """`Tokenizer` over Transformers' tokenizer; `settings` are the folder's JSON files."""

    def __init__(
        self,
        tokenizer: Any,
        settings: Sequence[dict[str, Any]],
        chat: ChatSettings | None = None,
    ) -> None:
        own = tokenizer.chat_template
        if isinstance(own, dict):
            own = own.get("default")
        super().__init__(None if own is None else str(own), chat)
        self._tokenizer, self._settings = tokenizer, settings
        begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
        wanted = begin is not None and begin in tokenizer("a")["input_ids"][:1]
        self.bos_marker = None if begin is None else int(begin)
        self.bos_id = self.bos_marker if wanted else None
        self.eos_id = None if end is None else int(end)

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        return str(
            self._tokenizer.decode(
                list(ids),
                skip_special_tokens=not keep_special,
                clean_up_tokenization_spaces=False,
            )
        )

    def is_unknown(self, token: int) -> bool:
        # Byte-level tokenizers name an end of text here, which they never fall back to.
        return token == self._tokenizer.unk_token_id and token not in (self.eos_id, self.bos_marker)

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _ends(self) -> list[int]:
        named = [settings.get("eos_token_id") for settings in self._settings]
        flat = [end for ends in named for end in (ends if isinstance(ends, list) else [ends])]
        return [int(end) for end in (*flat, self.eos_id) if end is not None]

    def _is_marker(self, token: int) -> bool:
        known = self._tokenizer
        return token in known.added_tokens_decoder or token in known.all_special_ids

    def _special_tokens(self) -> dict[str, str]:
        tokens: dict[str, str] = self._tokenizer.special_tokens_map
        return tokens


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
            refuse_code(folder, file)
        raise BadModelError(
            f"The tokenizer in {folder} cannot be read: {one_line(error)}",
            "Download or save the tokenizer's files again.",
        ) from error
    return HfTokenizer(tokenizer, settings, chat)
