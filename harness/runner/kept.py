"""What lies in the harness's own folder: answers that are remembered, what was paid, what was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from harness.disk import bytes_in
from harness.engines.endpoint.ledger import Account, accounts_in
from harness.engines.endpoint.places import answers_folder


@dataclass(frozen=True)
class Kept:
    """Things of one kind.

    Attributes:
        kind: `answers` of a served model, or `artifacts` of one kind of step.
        name: host and model, or the kind of step.
        count: how many.
        bytes: that they take.
        since: when the first of the answers was given, and `until` the last; "" of artifacts.
    """

    kind: Literal["answers", "artifacts"]
    name: str
    count: int
    bytes: int
    since: str = ""
    until: str = ""


def kept(home: Path) -> list[Kept]:
    """Answers by host and model, then artifacts by kind."""
    found: dict[str, list[tuple[int, str]]] = {}
    for file, name, created in _answers(home):
        found.setdefault(name, []).append((file.stat().st_size, created))
    answers = [
        Kept(
            "answers",
            name,
            len(of),
            sum(size for size, _ in of),
            min(moment for _, moment in of),
            max(moment for _, moment in of),
        )
        for name, of in sorted(found.items())
    ]
    return [*answers, *_artifacts(home)]


def paid(home: Path) -> dict[str, list[Account]]:
    """What was paid by ledger: the suite's name, and a mark of where its file lies."""
    files = sorted((home / "spending").glob("*.sqlite"))
    return {file.stem: accounts_in(file) for file in files}


def forget_answers(home: Path, pattern: str) -> Kept:
    """Deletes remembered answers whose host and model fit a pattern; says how many they were."""
    count = size = 0
    for file, name, _ in _answers(home):
        if fnmatchcase(name, pattern):
            size += file.stat().st_size
            file.unlink()
            count += 1
    return Kept("answers", pattern, count, size)


def _answers(home: Path) -> Iterator[tuple[Path, str, str]]:
    """Each file, its host and model, and when it was written; of one that cannot be read "?"."""
    for file in sorted(answers_folder(home).glob("*/*.json")):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            name = f"{urlsplit(str(entry['url'])).netloc}/{entry['model']}"
            yield file, name, str(entry["created"])
        except (OSError, ValueError, KeyError, TypeError):
            yield file, "?", ""


def _artifacts(home: Path) -> Iterator[Kept]:
    for folder in sorted((home / "artifacts").glob("*/")):
        made = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
        if made:
            yield Kept("artifacts", folder.name, len(made), sum(map(bytes_in, made)))
