"""Looks at a model's weight files before anything loads them.

Transformers fills tensors that a file does not hold with random numbers, and reports a file that
was cut short by the parser's words. Both are found here, with file names and sizes.
"""

from __future__ import annotations

from pathlib import Path

from harness.engines.json_files import read_json
from harness.engines.permissions import how_to_allow, permissions_of
from harness.engines.safetensors_header import AGAIN, read_safetensors
from harness.errors import BadModelError
from harness.files import is_file_name

INDEX = "model.safetensors.index.json"
PICKLE_INDEX = "pytorch_model.bin.index.json"


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights, checked.

    Raises:
        BadModelError: there are none, or one is missing or damaged; or they are pickles, and the suite
            does not allow these.
    """
    if not folder.is_dir():
        raise BadModelError(f"The model folder {folder} does not exist.", "Check the path.")
    if not (folder / "config.json").is_file():
        raise BadModelError(
            f"{folder} holds no config.json.",
            "Name the folder that `save_pretrained` wrote, or that the Hub's files lie in.",
        )
    if (folder / "adapter_config.json").is_file():
        raise BadModelError(
            f"{folder} holds an adapter (adapter_config.json) beside a model's config.json, and "
            "Transformers would put it on the base that it names.",
            "Name a folder with the weights alone as `source`; the adapter is put on a model by "
            "`{from: MODEL, adapter: FOLDER}`.",
        )
    whole, files = folder / "model.safetensors", _indexed(folder, INDEX)
    if whole.is_file() and whole not in (files or ()):
        files = [whole]  # which Transformers takes before it looks for an index
    if files is None:
        files = sorted(folder.glob("model*.safetensors")) or _pickles(folder)
    if not files:
        raise BadModelError(
            f"{folder} holds no weights (model.safetensors).",
            "Download the model's weight files too, or save the model with `save_pretrained`.",
        )
    for file in files:
        check_file(file)
    return files


def _indexed(folder: Path, index: str) -> list[Path] | None:
    """The files that an index names; None where there is no such index."""
    if not (folder / index).is_file():
        return None
    named = read_json(folder / index).get("weight_map")
    if not isinstance(named, dict) or not all(map(_is_part, named.values())):
        raise BadModelError(
            f"{folder / index} names no files of this folder in its `weight_map`.", AGAIN
        )
    return [folder / name for name in sorted(set(named.values()))]


def _is_part(name: object) -> bool:
    """Whether an index names a file that lies beside it, and none elsewhere."""
    return isinstance(name, str) and is_file_name(name)


def _pickles(folder: Path) -> list[Path]:
    """Pickled weights, where these are allowed."""
    files = _indexed(folder, PICKLE_INDEX)
    if files is None:
        files = sorted(folder.glob("pytorch_model*.bin"))
    if files:
        check_pickle(files[0])
    return files


def check_pickle(file: Path) -> None:
    """Raises BadModelError if a file is a pickle and its folder's may not be read."""
    if file.suffix != ".safetensors" and not permissions_of(file.parent).pickle:
        raise BadModelError(
            f"{file.parent} has its weights only as pickle ({file.name}), which can run any code.",
            "Take safetensors: load it where you trust it, and model.save_pretrained(folder) writes "
            f"them. Or, {how_to_allow(file.parent, 'pickle')}.",
        )


def adapter_files(folder: Path) -> list[Path]:
    """The files that hold an adapter's weights, checked.

    Raises:
        BadModelError: there are none, or one is damaged.
    """
    if not (folder / "adapter_config.json").is_file():
        raise BadModelError(
            f"{folder} holds no adapter_config.json.",
            "Name the folder that PEFT's `save_pretrained` wrote.",
        )
    read_json(folder / "adapter_config.json")
    files = [
        folder / name
        for name in ("adapter_model.safetensors", "adapter_model.bin")
        if (folder / name).is_file()
    ][:1]
    if not files:
        raise BadModelError(
            f"{folder} holds no adapter weights (adapter_model.safetensors).",
            "Name the folder that PEFT's `save_pretrained` wrote.",
        )
    check_pickle(files[0])
    check_file(files[0])
    return files


def check_file(path: Path) -> None:
    """Raises BadModelError if a file is missing or, being safetensors, not whole."""
    if not path.is_file():
        raise BadModelError(f"{path} is missing, though the model's index names it.", AGAIN)
    if path.suffix == ".safetensors":
        actual, expected = path.stat().st_size, safetensors_bytes(path)
        if actual != expected:
            raise BadModelError(
                f"{path} is damaged: it has {actual} bytes, and its header says {expected}.", AGAIN
            )


def safetensors_bytes(path: Path) -> int:
    """Size that a safetensors file must have by its own header (length, JSON, tensors).

    Raises:
        BadModelError: the header cannot be read.
    """
    return read_safetensors(path).file_bytes


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by name of a safetensors file's tensors; none where there is no such file.

    Raises:
        BadModelError: the header cannot be read.
    """
    return dict(read_safetensors(path).shapes) if path.is_file() else {}
