"""A GGUF file as a Transformers folder: `python -m tools.dequantize FILE.gguf OUT`.

Transformers reads the file (`gguf_file=`) and unpacks its weights. They are saved as float16, which holds
unpacked Q4 to Q8 values to 1 part in 4,096; bfloat16 would move SmolLM2 by 7e-5 nats a token (mean KL
divergence), float16 by 3e-6. What Transformers leaves out of the tokenizer is put in, and whether folder
and file read the same texts as the same tokens is checked before the folder is used.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.engines.tokenizer import open_tokenizer
from harness.errors import BadModelError

TEXTS = (
    "Operating profit rose to EUR  13.1 mn from EUR 8.7 mn ,  a  35 % change .",
    "Ann: hi \nBob:  DON'T\r\n\r\n \n\tthey're here\n\n\n12,345  67",
    " é ü ß 漢字 かな 한글 العربية 🙂👍🏽 \u00a0x\u2028y",
    "<|im_start|>user\nhi<|im_end|>\n",
)
"""Where tokenizers are known to part: runs of spaces before digits and line ends, scripts, turns."""


def dequantize(gguf: Path, out: Path) -> None:
    """Writes the folder `out`.

    Raises:
        BadModelError: the folder would not be what the file is.
    """
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    loaded = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    config = copy.deepcopy(loaded.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # with which save_pretrained refuses
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.tie_weights()
    model.generation_config = loaded.generation_config
    model.to(torch.float16).save_pretrained(out)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(out)
    if _pre_tokenizer(gguf) == "smollm":
        _split_digits(out / "tokenizer.json")
    _complete_config(out / "tokenizer_config.json")
    check(out, gguf)


def check(folder: Path, gguf: Path) -> None:
    """Whether a folder has the tokenizer, the template, the ends and the weights of its file.

    Raises:
        BadModelError: it has not; the message names what differs.
    """
    ours, theirs = open_tokenizer(folder), open_tokenizer(gguf)
    wrong = [
        f"the tokens of {text!r}" for text in TEXTS if ours.encode(text) != theirs.encode(text)
    ]
    for what in ("bos_id", "bos_marker", "eos_id", "chat_template"):
        if getattr(ours, what) != getattr(theirs, what):
            wrong.append(f"{what} ({getattr(ours, what)!r}, {getattr(theirs, what)!r} in the file)")
    config = json.loads((folder / "config.json").read_text())
    if config["eos_token_id"] != theirs.eos_id:
        wrong.append(f"eos_token_id of config.json ({config['eos_token_id']})")
    if wrong:
        raise BadModelError(f"{folder.name} is not what {gguf.name} is: {'; '.join(wrong)}.")


def _pre_tokenizer(gguf: Path) -> str:
    """How llama.cpp splits words of this file, by its name for it."""
    from gguf import GGUFReader

    field = GGUFReader(gguf).fields.get("tokenizer.ggml.pre")
    return "" if field is None else str(field.contents())


def _split_digits(file: Path) -> None:
    """SmolLM2 splits digits off first, so that two spaces before one stay together.

    Transformers builds GPT-2's splitting for every byte-level tokenizer of a GGUF.
    """
    tokenizer: Any = FastTokenizer.from_file(str(file))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.save(str(file))


def _complete_config(file: Path) -> None:
    """Without what Transformers notes down of this machine, and with no tidying of decoded spaces."""
    config = json.loads(file.read_text(encoding="utf-8"))
    for key in ("is_local", "local_files_only"):
        config.pop(key, None)
    config["clean_up_tokenization_spaces"] = False
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    dequantize(Path(sys.argv[1]), Path(sys.argv[2]))
