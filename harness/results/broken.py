"""What can be told of a file without knowing what was written into it: whether it is whole as its kind.

Only for artifacts of earlier versions, whose manifests hold no hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

_LARGEST_HEADER = 100_000_000


def first_broken(folder: Path, names: Iterable[str]) -> tuple[Path, str] | None:
    """The first of some files that is not whole, with what is wrong; None where none is seen to be."""
    faults = ((folder / name, _fault(folder / name)) for name in names)
    return next(((file, fault) for file, fault in faults if fault), None)


def _fault(file: Path) -> str:
    try:
        if file.suffix == ".safetensors":
            return _of_safetensors(file)
        if file.suffix == ".gguf":
            with file.open("rb") as stream:
                return "" if stream.read(4) == b"GGUF" else "is no GGUF"
        if file.suffix in (".json", ".jsonl"):
            text = file.read_bytes().decode("utf-8")
            parts = [text] if file.suffix == ".json" else [of for of in text.split("\n") if of]
            for part in parts:
                json.loads(part)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return "is not whole"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ""


def _of_safetensors(file: Path) -> str:
    """Whether the header's tensors end where the file does (safetensors, "Format")."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > _LARGEST_HEADER:
            return "is not whole"
        header = json.loads(stream.read(length))
    ends = [of["data_offsets"][1] for name, of in header.items() if name != "__metadata__"]
    whole = 8 + length + max(ends, default=0)
    return "" if file.stat().st_size == whole else "is not whole"
