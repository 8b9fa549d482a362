"""Model folders as they come: are they whole, and which are they?

Both questions are answered before anything heavy is loaded, without torch.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from harness.engines.gguf_file import gguf_info
from harness.engines.json_files import read_json
from harness.engines.weight_files import tensor_shapes, weight_files
from harness.errors import BadModelError
from harness.models.configuration import check_configuration, check_layers
from harness.sealed import read_sealed, write_sealed

FINGERPRINTS = "fingerprints.json"
_RELEVANT = (".safetensors", ".json", ".model", ".txt", ".jinja", ".tiktoken", ".py", ".gguf")
_PICKLES = ("pytorch_model*.bin", "adapter_model.bin")
"""Names of pickled weights, which count only where there are no safetensors beside them."""
_CARD = "README.md"
_CARD_BYTES = 1 << 16
"""Of a model card that are looked at: its head stands first."""
_LICENCE = 100
"""Letters of the name of a licence."""
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_WEIGHTS = (".safetensors", ".bin", ".gguf")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")


def fingerprint_folder(path: Path, cache: Path) -> str:
    """SHA-256 (hex) over names, sizes and contents of the files that make a model what it is.

    Notes, pictures and hidden files do not count. A file's own hash is remembered in `cache` by
    path, size, times and inode, so that a large folder is read once.

    Raises:
        BadModelError: the folder is missing or holds no model files, or a link in it leads out.
    """
    if not path.is_dir():
        raise BadModelError(f"There is no model folder at {path}.", "Check the path of `source:`.")
    _check_links(path)
    files = model_files(path)
    if not files:
        raise BadModelError(f"{path} holds no model files.")
    hashes = hashes_of(files, cache)
    whole = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix()
        whole.update(f"{name}\0{file.stat().st_size}\0{hashes[file]}\n".encode())
    return whole.hexdigest()


def model_files(path: Path) -> list[Path]:
    """The files of a folder that make a model what it is, sorted; pickled weights where there are no others."""
    files = sorted(file for file in path.rglob("*") if _is_relevant(file, path))
    if any(file.suffix == ".safetensors" for file in files):
        return files
    return sorted({*files, *(file for name in _PICKLES for file in path.glob(name))})


def fingerprint_file(path: Path, cache: Path) -> str:
    """SHA-256 (hex) of one file, such as a GGUF, remembered like those of a folder.

    Raises:
        BadModelError: there is no such file.
    """
    if not path.is_file():
        raise BadModelError(f"There is no file at {path}.", "Check the path in the suite.")
    return hashes_of([path], cache)[path]


def _check_links(folder: Path) -> None:
    """Looks that no text of a model, such as its chat template, is a file from elsewhere, which pages would quote and
    an export would copy. Weights may be shared by links: they are read as weights, or not at all.

    Raises:
        BadModelError: naming the link.
    """
    places = [folder.resolve()]
    if folder.parent.name == "snapshots":  # of the Hub's cache, whose snapshots are links
        places.append((folder.parents[1] / "blobs").resolve())
    for file in folder.rglob("*"):
        if file.is_symlink() and file.suffix not in _WEIGHTS:
            target = file.resolve()
            if not any(target.is_relative_to(place) for place in places):
                raise BadModelError(
                    f"{file} is a link that leads out of the model's folder, to {target}.",
                    "Put a copy in its place; only weights may be links.",
                )


def _is_relevant(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and file.suffix in _RELEVANT and file.is_file()


def hashes_of(files: list[Path], cache: Path) -> dict[Path, str]:
    """SHA-256 (hex) of files, remembered in a folder by path, size, times and inode."""
    memory = cache / FINGERPRINTS
    known = _read_memory(memory)
    hashes: dict[Path, str] = {}
    fresh: dict[str, list[Any]] = {}
    for file in files:
        stat = file.stat()
        place = str(file.resolve())
        entry = known.get(place)
        state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        if isinstance(entry, list) and entry[:-1] == state:
            hashes[file] = str(entry[-1])
            continue
        with file.open("rb") as data:
            hashes[file] = hashlib.file_digest(data, "sha256").hexdigest()
        fresh[place] = [*state, hashes[file]]
    if fresh:
        write_sealed(memory, {**_read_memory(memory), **fresh}, lasting=False)
    return hashes


def _read_memory(memory: Path) -> dict[str, list[Any]]:
    try:
        return read_sealed(memory).data
    except (OSError, ValueError):
        return {}


def check_model_folder(path: Path) -> None:
    """Finds a missing or damaged file of a Transformers folder within milliseconds.

    Raises:
        BadModelError: naming the file, what was expected of it and what was found.
    """
    files, config = weight_files(path), read_json(path / "config.json")
    where = str(path / "config.json")
    check_configuration(config, where)
    check_layers(config, sum(len(tensor_shapes(file)) for file in files if _is_whole(file)), where)
    if not config.get("model_type"):
        raise BadModelError(
            f"{path / 'config.json'} names no `model_type`.",
            "Name the folder that `save_pretrained` wrote, or that the Hub's files lie in.",
        )
    if not any((path / name).is_file() for name in _TOKENIZERS):
        raise BadModelError(
            f"{path} has no tokenizer: none of {', '.join(_TOKENIZERS)}.",
            "Save the tokenizer beside the weights: tokenizer.save_pretrained(folder).",
        )


def _is_whole(file: Path) -> bool:
    return file.suffix == ".safetensors"


def context_tokens(path: Path) -> int | None:
    """Tokens that a model was made for, from its config.json; None where it does not say."""
    return _configured(path, "max_position_embeddings") or _configured(path, "n_positions")


def made_for_tokens(place: Path) -> int | None:
    """Tokens that the model of a folder or of a GGUF file was made for; None where it does not say."""
    if place.is_dir():
        return context_tokens(place)
    info = gguf_info(place)
    value = info.metadata.get(f"{info.architecture}.context_length")
    return int(value) if value else None


def told_files(path: Path) -> list[Path]:
    """The model files of a folder and its card: what another machine needs to ask the same."""
    found = model_files(path)
    card = path / _CARD
    return [*found, card] if found and card.is_file() else found


def card_head(path: Path) -> dict[str, Any]:
    """What stands at the head of a folder's card (README.md), in the Hub's form; nothing where that is none."""
    try:
        with (path / _CARD).open(encoding="utf-8") as card:
            text = card.read(_CARD_BYTES)
    except (OSError, UnicodeDecodeError):
        return {}
    found = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.S)
    if found is None:
        return {}
    try:
        head = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return head if isinstance(head, dict) else {}


def card_languages(path: Path) -> tuple[str, ...]:
    """Codes of the languages that a folder's model card names; none where it names none."""
    given = card_head(path).get("language")
    several = given if isinstance(given, list) else [given]
    # YAML reads the code of Norwegian as false.
    codes = ("no" if code is False else code for code in several)
    return tuple(code.lower() for code in codes if isinstance(code, str) and _CODE.fullmatch(code))


def card_licence(path: Path) -> str:
    """What a folder's card names as its licence; "" where it names none."""
    head = card_head(path)
    named = head.get("license_name") if head.get("license") == "other" else None
    given = named or head.get("license")
    return " ".join(given.split())[:_LICENCE] if isinstance(given, str) else ""


def vocabulary_size(path: Path) -> int | None:
    """Rows of a model's embeddings, from its config.json; None where it does not say."""
    return _configured(path, "vocab_size")


def hidden_size(path: Path) -> int:
    """Width of a model's residual stream, from its config.json.

    Raises:
        BadModelError: the file is missing or does not say.
    """
    size = _configured(path, "hidden_size")
    if size is None:
        raise BadModelError(
            f"{path / 'config.json'} names no `hidden_size`.",
            "Set `learning_rate` in the suite's `finetune`.",
        )
    return size


def _configured(path: Path, key: str) -> int | None:
    """A number of a model's own configuration, or of its text part."""
    config = read_json(path / "config.json")
    check_configuration(config, str(path / "config.json"))
    value = config.get(key) or (config.get("text_config") or {}).get(key)
    return value if isinstance(value, int) else None
