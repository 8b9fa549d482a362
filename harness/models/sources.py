"""Model folders as they come: are they whole, and which are they?

Both questions are answered before anything heavy is loaded, without torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from harness.errors import BadModelError

FINGERPRINTS = "fingerprints.json"
_RELEVANT = (".safetensors", ".json", ".model", ".txt", ".jinja", ".tiktoken", ".py", ".gguf")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")


def fingerprint_folder(path: Path, cache: Path) -> str:
    """SHA-256 (hex) over names, sizes and contents of the files that make a model what it is.

    Notes, pictures and hidden files do not count. A file's own hash is remembered in `cache` by
    path, size and modification time, so that a large folder is read once.

    Raises:
        BadModelError: the folder is missing or holds no model files.
    """
    if not path.is_dir():
        raise BadModelError(f"There is no model folder at {path}.", "Check the path of `source:`.")
    files = sorted(file for file in path.rglob("*") if _is_relevant(file, path))
    if not files:
        raise BadModelError(f"{path} holds no model files.")
    hashes = _hash_files(files, cache)
    whole = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix()
        whole.update(f"{name}\0{file.stat().st_size}\0{hashes[file]}\n".encode())
    return whole.hexdigest()


def fingerprint_file(path: Path, cache: Path) -> str:
    """SHA-256 (hex) of one file, such as a GGUF, remembered like those of a folder.

    Raises:
        BadModelError: there is no such file.
    """
    if not path.is_file():
        raise BadModelError(f"There is no file at {path}.", "Check the path in the suite.")
    return _hash_files([path], cache)[path]


def _is_relevant(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and file.suffix in _RELEVANT and file.is_file()


def _hash_files(files: list[Path], cache: Path) -> dict[Path, str]:
    memory = cache / FINGERPRINTS
    known = _read_memory(memory)
    hashes: dict[Path, str] = {}
    fresh: dict[str, list[Any]] = {}
    for file in files:
        stat = file.stat()
        place = str(file.resolve())
        entry = known.get(place)
        if entry is not None and entry[:2] == [stat.st_size, stat.st_mtime_ns]:
            hashes[file] = str(entry[2])
            continue
        with file.open("rb") as data:
            hashes[file] = hashlib.file_digest(data, "sha256").hexdigest()
        fresh[place] = [stat.st_size, stat.st_mtime_ns, hashes[file]]
    if fresh:
        _write_memory(memory, {**_read_memory(memory), **fresh})
    return hashes


def _read_memory(memory: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_memory(memory: Path, known: dict[str, list[Any]]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=memory.parent, prefix=f"{FINGERPRINTS}.")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(known, out)
    os.replace(temporary, memory)


def check_model_folder(path: Path) -> None:
    """Finds a missing or damaged file of a Transformers folder within milliseconds.

    Raises:
        BadModelError: naming the file, what was expected of it and what was found.
    """
    if not path.is_dir():
        raise BadModelError(f"There is no model folder at {path}.", "Check the path of `source:`.")
    config = _read_json(path / "config.json")
    if not isinstance(config, dict) or not config.get("model_type"):
        raise BadModelError(f"{path / 'config.json'} names no `model_type`.", _INCOMPLETE)
    for file in _weight_files(path):
        check_safetensors(file)
    if not any((path / name).is_file() for name in _TOKENIZERS):
        raise BadModelError(
            f"{path} has no tokenizer: none of {', '.join(_TOKENIZERS)}.",
            "Save the tokenizer beside the weights: tokenizer.save_pretrained(folder).",
        )


_INCOMPLETE = "The download or copy is incomplete: fetch the file again."


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadModelError(f"{file} is missing.", _INCOMPLETE) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadModelError(f"{file} is not readable JSON: {error}.", _INCOMPLETE) from error


def _weight_files(path: Path) -> list[Path]:
    index = path / "model.safetensors.index.json"
    if index.is_file():
        weight_map = _read_json(index).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise BadModelError(f"{index} has no `weight_map`.", _INCOMPLETE)
        shards = sorted({path / str(name) for name in weight_map.values()})
        missing = [shard.name for shard in shards if not shard.is_file()]
        if missing:
            raise BadModelError(
                f"{path} lacks {len(missing)} of {len(shards)} weight files that its index names, "
                f"the first of them {missing[0]}.",
                _INCOMPLETE,
            )
        return shards
    files = sorted(path.glob("*.safetensors"))
    if files:
        return files
    pickled = sorted(file.name for file in path.iterdir() if file.suffix in _PICKLES)
    if pickled:
        raise BadModelError(
            f"{path} has its weights only as pickle ({pickled[0]}), which can run any code.",
            "Load it where you trust it and save it again with "
            "model.save_pretrained(folder), which writes safetensors.",
        )
    raise BadModelError(f"{path} holds no safetensors file.", _INCOMPLETE)


def check_safetensors(file: Path) -> None:
    """Compares a safetensors file's size with what its header promises.

    The format: 8 bytes of little-endian header length, a JSON header with the `data_offsets` of
    each tensor, then the tensors back to back.

    Raises:
        BadModelError: the header is unreadable, or the file is shorter or longer than it says.
    """
    size = file.stat().st_size
    with file.open("rb") as data:
        length = int.from_bytes(data.read(8), "little")
        if size < 8 or length > size - 8:
            raise BadModelError(
                f"{file} is damaged: {size} bytes cannot hold its header of {length} bytes.",
                _INCOMPLETE,
            )
        raw = data.read(length)
    try:
        header = json.loads(raw)
        ends = [int(t["data_offsets"][1]) for name, t in header.items() if name != "__metadata__"]
    except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise BadModelError(f"{file} has an unreadable header: {error!r}.", _INCOMPLETE) from error
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        word = "truncated" if size < expected else "longer than its header says"
        raise BadModelError(
            f"{file} is {word}: {expected} bytes expected, {size} found.", _INCOMPLETE
        )
