"""Which of a repo's files a model is made of: a repo holds the same weights in many formats.

Pure functions of a listing. Of the weights only those that Transformers would load are taken:
safetensors, whole or in shards; not pickles (unless allowed), not ONNX, TensorFlow, Flax, GGUF, nor
the second copies that Llama (`original/`) and Mistral (`consolidated.safetensors`) repos carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from harness.errors import BadModelError, MissingFileError
from harness.hub.records import RemoteFile

INDEX = "model.safetensors.index.json"
_SMALL = (".json", ".txt", ".model", ".jinja", ".tiktoken")
_MOST_CARD = 1 << 20
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)")
_USELESS = re.compile(
    r"(pytorch_model|tf_model|flax_model|consolidated)\b.*|.*\.index\.json"
    r"|(trainer_state|all_results|train_results|eval_results)\.json"
)


@dataclass(frozen=True)
class _Format:
    """The file that says what weights are, and the weights' names without their endings."""

    config: str
    weights: str
    pickled: str


_MODEL = _Format("config.json", "model", "pytorch_model")
_ADAPTER = _Format("adapter_config.json", "adapter_model", "adapter_model")


def model_files(
    files: Sequence[RemoteFile], where: str, *, pickle: bool = False, code: bool = False
) -> tuple[RemoteFile, ...]:
    """The configuration, tokenizer, chat template, licence and weights of a Transformers model.

    Args:
        files: the repo's.
        where: names the repo in messages.
        pickle: take pickled weights where there are no others.
        code: take the repo's Python files too.

    Raises:
        BadModelError: it holds no such weights, or not all of them.
    """
    return _made_of(files, where, _MODEL, pickle, code)


def card_of(files: Iterable[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The model card, where it is a text of ordinary size; a cache that others filled may lack it."""
    return tuple(file for file in files if file.path == "README.md" and file.bytes <= _MOST_CARD)


def adapter_files(
    files: Sequence[RemoteFile], where: str, *, pickle: bool = False
) -> tuple[RemoteFile, ...]:
    """The configuration and weights of a PEFT adapter, with the tokenizer where it has one.

    Raises:
        BadModelError: it is none, or its weights are not there.
    """
    return _made_of(files, where, _ADAPTER, pickle, code=False)


def one_file(files: Sequence[RemoteFile], where: str, path: str) -> tuple[RemoteFile, ...]:
    """The file at a path; of a split GGUF all parts, in order, whichever was named.

    Raises:
        MissingFileError: with the nearest names; or a part is missing.
    """
    by_path = {file.path: file for file in files}
    found = _SHARD.fullmatch(path)
    wanted = [path]
    if found is not None and found["suffix"] == ".gguf" and by_path.keys() & set(_parts(found)):
        wanted = _parts(found)
    absent = [name for name in wanted if name not in by_path]
    if absent and len(wanted) > 1:
        raise MissingFileError(
            f"{where} lacks {', '.join(absent)}, without which {path} is not whole.",
            "Ask its author to upload the missing part, or take another file.",
        )
    if absent:
        raise MissingFileError(f"{where} has no file {path}.", _nearest(path, by_path))
    return tuple(by_path[name] for name in wanted)


def metric_files(files: Sequence[RemoteFile], where: str, script: str) -> tuple[RemoteFile, ...]:
    """The script of an `evaluate.Metric`, and all Python files that it may import.

    Raises:
        MissingFileError: there is no such script.
    """
    if script not in {file.path for file in files}:
        raise MissingFileError(
            f"{where} has no file {script}, so it is no metric of `evaluate`.",
            _nearest(script, {file.path: file for file in files}),
        )
    return tuple(file for file in files if file.path.endswith(".py") and file.path != "app.py")


def check_index(weight_map: Iterable[str], files: Iterable[RemoteFile], where: str) -> None:
    """Raises BadModelError if an index names a shard that the repo does not have."""
    absent = sorted(set(weight_map) - {file.path for file in files})
    if absent:
        raise BadModelError(
            f"{where} lacks {', '.join(absent)}, which its {INDEX} names.", _INCOMPLETE
        )


_ALLOW = (
    "Take a repo or revision with safetensors; if you trust the authors, add `pickle: true` to this "
    "model in the suite."
)
_INCOMPLETE = "The upload is not complete: take another revision, or ask its author."


def _made_of(
    files: Sequence[RemoteFile], where: str, form: _Format, pickle: bool, code: bool
) -> tuple[RemoteFile, ...]:
    names = {file.path for file in files}
    safe: tuple[RemoteFile, ...] = ()
    pickled: tuple[RemoteFile, ...] = ()
    if form.config in names:
        safe = _named(files, where, form.weights, ".safetensors")
        pickled = () if safe else _named(files, where, form.pickled, ".bin")
    if pickled and not pickle:
        raise BadModelError(
            f"{where} has its weights only as pickle ({pickled[0].path}), which can run any code.",
            _ALLOW,
        )
    if not (safe or pickled):
        absent = f"{form.weights}.safetensors" if form.config in names else form.config
        raise BadModelError(f"{where} has no {absent}. {_what_else(names)}", _other_use(names))
    return _small(files, code) + (safe or pickled)


def _named(
    files: Sequence[RemoteFile], where: str, stem: str, suffix: str
) -> tuple[RemoteFile, ...]:
    """`stem.suffix`, else its shards with their index, in order; empty where there are neither."""
    by_path = {file.path: file for file in files}
    if f"{stem}{suffix}" in by_path:
        return (by_path[f"{stem}{suffix}"],)
    shards = [
        found
        for path in by_path
        if (found := _SHARD.fullmatch(path)) and (found["stem"], found["suffix"]) == (stem, suffix)
    ]
    index = f"{stem}{suffix}.index.json"
    if not shards:
        return ()
    if len({shard["count"] for shard in shards}) > 1:
        raise BadModelError(
            f"{where} holds shards of several sets ({stem}-…{suffix}).", _INCOMPLETE
        )
    wanted = _parts(shards[0])
    absent = [name for name in (index, *wanted) if name not in by_path]
    if absent:
        raise BadModelError(f"{where} lacks {', '.join(absent)}.", _INCOMPLETE)
    return tuple(by_path[name] for name in (index, *wanted))


def _parts(found: re.Match[str]) -> list[str]:
    count = int(found["count"])
    return [
        f"{found['stem']}-{number:05d}-of-{count:05d}{found['suffix']}"
        for number in range(1, count + 1)
    ]


def _small(files: Sequence[RemoteFile], code: bool) -> tuple[RemoteFile, ...]:
    return tuple(file for file in files if _is_small(PurePosixPath(file.path), code))


def _is_small(path: PurePosixPath, code: bool) -> bool:
    if path.suffix == ".py":
        return code
    if path.parts[0] == "additional_chat_templates":
        return path.suffix == ".jinja"
    if len(path.parts) > 1 or _USELESS.fullmatch(path.name):
        return False
    licence = path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "USE_POLICY"))
    return licence or path.suffix in _SMALL


def _what_else(names: Iterable[str]) -> str:
    found = sorted(names)
    if not found:
        return "It holds no files."
    return f"It holds {', '.join(found[:4])}{f' and {len(found) - 4} more' if found[4:] else ''}."


def _other_use(names: Iterable[str]) -> str:
    """What a repo that was named for the wrong thing can be used for."""
    names = set(names)
    ggufs = sorted(name for name in names if name.endswith(".gguf"))
    if ggufs:
        return f"Name one of its GGUF files: `gguf: org/repo/{ggufs[0]}`."
    if "adapter_config.json" in names:
        return "It is an adapter: name it in `adapter`, of a model `from` the base it belongs to."
    if "config.json" in names:
        return "It is a model and no adapter: name it in `source`."
    return "Check the repo's name, and that its weights are in Transformers format."


def _nearest(path: str, names: Iterable[str]) -> str:
    """The names that may have been meant: alike as a whole, or as a file in another folder."""
    names = sorted(names)
    last = PurePosixPath(path).name
    moved = [name for name in names if PurePosixPath(name).name == last]
    split = [name for name in names if name.startswith(f"{path.rpartition('.')[0]}-00001-of-")]
    alike = get_close_matches(path, names, n=3, cutoff=0.6)
    same = [name for name in names if PurePosixPath(name).suffix == PurePosixPath(path).suffix]
    likely = list(dict.fromkeys([*moved, *split, *alike])) or same[:6]
    return f"Nearest: {', '.join(likely)}." if likely else "It has no file of this kind."
