"""Runs llama.cpp's converter, and has it write what it leaves out.

    python run_converter.py CONVERTER FOLDER …

in a process of its own, by path, since the converter's own packages are to be found first. Of a
SentencePiece tokenizer the converter says for Llama and Gemma whether it puts a space in front of a
text; for others, such as Qwen 2 and Phi 3, it says nothing, and llama.cpp puts one. It also runs
whatever code a tokenizer brings along, which is refused here unless the suite trusts the model.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Does as the converter's own command line says, which is what follows on this one."""
    converter, folder = Path(sys.argv[1]), Path(sys.argv[2])
    del sys.argv[0]
    runpy.run_path(str(Path(__file__).parents[2] / "parent.py"))["die_with_parent"]()
    own = 0 if sys.flags.safe_path else 1  # this file's folder, where Python puts it first
    sys.path[:own] = [str(converter.parent), str(converter.parent / "gguf-py")]
    import gguf

    write_header = gguf.GGUFWriter.write_header_to_file

    def complete(writer: Any, *arguments: Any, **named: Any) -> None:
        if _says_nothing_of_a_space(writer, gguf.Keys.Tokenizer) and not _puts_a_space(folder):
            writer.add_add_space_prefix(False)
        write_header(writer, *arguments, **named)

    gguf.GGUFWriter.write_header_to_file = complete
    if os.environ.get("HARNESS_TRUST_REMOTE_CODE") != "1":
        _run_no_code_of_the_model()
    runpy.run_path(str(converter), run_name="__main__")


def _run_no_code_of_the_model() -> None:
    """Makes Transformers refuse it, though the converter says `trust_remote_code=True`."""
    from transformers import AutoConfig, AutoTokenizer, dynamic_module_utils

    def refuse(*_: Any, **__: Any) -> Any:
        raise ValueError("the model names code of its own, and the suite does not trust it")

    dynamic_module_utils.get_cached_module_file = refuse
    for kind in (AutoConfig, AutoTokenizer):
        kind.from_pretrained = _untrusting(kind.from_pretrained)


def _untrusting(load: Any) -> Any:
    def load_without_code(*arguments: Any, **named: Any) -> Any:
        return load(*arguments, **{**named, "trust_remote_code": False})

    return load_without_code


def _says_nothing_of_a_space(writer: Any, keys: Any) -> bool:
    values = writer.kv_data[0]
    model = values.get(keys.MODEL)
    return model is not None and model.value == "llama" and keys.ADD_PREFIX not in values


def _puts_a_space(folder: Path) -> bool:
    """Whether the tokenizer puts a space before a text, as SentencePiece usually does."""
    file = folder / "tokenizer_config.json"
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return told.get("add_prefix_space") is not False


if __name__ == "__main__":
    main()
