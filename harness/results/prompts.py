"""The exact texts of prompts, kept beside the answers: results outlive the artifacts of their run.

`prompts/<hash>.json` holds what all prompts of a set begin and end with, and by example id what stands
between: of 1,000 prompts with five shots each, the shots are written once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.files import write_atomically
from harness.records import PromptTexts
from harness.results.artifacts import Manifest
from harness.sealed import read_sealed, write_sealed

_HASH = re.compile(r"[0-9a-f]{64}")
_DIGITS = 24
_KEPT = re.compile(rf"[0-9a-f]{{{_DIGITS}}}\.json")


def keep_prompts(results: Path, made: Path) -> list[Path]:
    """Keeps the texts of a set of prompts, unless they are there, and does not wait for the disk.

    Args:
        results: results/<suite>.
        made: the folder of the artifact; nothing is kept where it is not there, or damaged.

    Returns:
        The file, where it was written.
    """
    try:
        digest = str(json.loads((made / "prompts.json").read_text(encoding="utf-8"))["sha256"])
        file = _file(results, digest)
        if file is not None and not _is_kept(file, digest):
            write_sealed(file, _written(_read_artifact(made), digest), lasting=False)
            return [file]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return []


def forget_prompts(results: Path, wanted: Iterable[str]) -> None:
    """Deletes the texts of all sets of prompts but those with these hashes."""
    names = {file.name for digest in wanted if (file := _file(results, digest)) is not None}
    for file in results.glob("prompts/*.json"):
        if file.name not in names and _KEPT.fullmatch(file.name):
            file.unlink(missing_ok=True)


def take_prompts(results: Path, lender: Path, digest: str) -> None:
    """Copies the texts of a set of prompts from other results that keep them."""
    here, there = _file(results, digest), _file(lender, digest)
    if here is not None and there is not None and there.is_file() and not here.exists():
        write_atomically(here, there.read_text(encoding="utf-8"))


def prompt_texts(
    results: Path, digest: str, steps: Iterable[Manifest], home: Path
) -> PromptTexts | None:
    """The texts of the prompts with a hash: those that were kept, else those of the artifact.

    Args:
        results: results/<suite>.
        digest: as `Cell.prompts`.
        steps: what the results keep of the steps that made them.
        home: of the harness.
    """
    file = _file(results, digest)
    if file is None:
        return None
    try:
        return _read_kept(file, digest)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for step in steps:
        if step.kind != "prompts" or step.outcome.get("sha256") != digest:
            continue
        if not _HASH.fullmatch(step.key):
            continue
        try:
            return _read_artifact(home / "artifacts" / "prompts" / step.key)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _file(results: Path, digest: str) -> Path | None:
    """A hash becomes a path, and results may be a stranger's."""
    if not _HASH.fullmatch(digest):
        return None
    return results / "prompts" / f"{digest[:_DIGITS]}.json"


def _read_artifact(folder: Path) -> PromptTexts:
    shared = json.loads((folder / "prompts.json").read_text(encoding="utf-8"))
    lines = (folder / "prompts.jsonl").read_text(encoding="utf-8").split("\n")
    rows = (json.loads(line) for line in lines if line)
    texts = {str(row["id"]): str(row["text"]) for row in rows}
    return PromptTexts(str(shared["mode"]), str(shared.get("system", "none")), texts)


def _written(prompts: PromptTexts, digest: str) -> dict[str, Any]:
    texts = list(prompts.texts.values())
    begin, end = _shared(texts)
    middle = {id: text[len(begin) : len(text) - len(end)] for id, text in prompts.texts.items()}
    told = {"sha256": digest, "mode": prompts.mode, "system": prompts.system}
    return {**told, "begin": begin, "end": end, "texts": middle}


def _shared(texts: Sequence[str]) -> tuple[str, str]:
    """What all texts begin with, and what the rest of each ends with."""
    begin = _beginning(texts)
    end = _beginning([text[len(begin) :][::-1] for text in texts])[::-1]
    return begin, end


def _beginning(texts: Sequence[str]) -> str:
    """What all begin with: that of the first and the last of them in order."""
    first, last = min(texts, default=""), max(texts, default="")
    pairs = enumerate(zip(first, last, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(first), len(last)))
    return first[:same]


def _is_kept(file: Path, digest: str) -> bool:
    try:
        return bool(_read_kept(file, digest).texts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _read_kept(file: Path, digest: str) -> PromptTexts:
    found = read_sealed(file).data
    if found["sha256"] != digest:
        raise ValueError(f"{file}: prompts of another hash")
    begin, end = str(found["begin"]), str(found["end"])
    texts = {str(id): f"{begin}{text}{end}" for id, text in found["texts"].items()}
    return PromptTexts(str(found["mode"]), str(found["system"]), texts)
