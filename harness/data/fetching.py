"""Files of a data set from the Hub, once, into `$HARNESS_HOME/data/<name>/`."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast

from filelock import FileLock

from harness.data.catalog import Entry
from harness.data.places import TABLE_ENDINGS, split_of
from harness.errors import BadDataError

RECORD = "source.json"
_FETCHED_ENDINGS = (".csv", ".parquet", ".jsonl", ".json")
"""What a mirror of SAMSum is taken as, in this order."""


@dataclass(frozen=True)
class Origin:
    """Where fetched files are from: a Hub repository at a commit, and the SHA-256 of each file."""

    repo: str
    revision: str
    files: Mapping[str, str]


def fetched_folder(name: str, home: Path) -> Path:
    """Where a data set is kept after it was fetched."""
    return home / "data" / name


def read_origin(name: str, home: Path) -> Origin | None:
    """What was fetched; None where nothing was, or not to the end.

    Raises:
        BadDataError: the record is damaged.
    """
    record = fetched_folder(name, home) / RECORD
    try:
        return Origin(**json.loads(record.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadDataError(f"{record}: cannot be read: {error}", "Delete its folder.") from None


def fetch(
    entry: Entry,
    home: Path,
    revision: str | None = None,
    endpoint: str | None = None,
    again: bool = False,
) -> Origin:
    """Fetches a data set's files, unless they are there.

    They appear under their final name only when all are whole. Two processes that fetch the same
    data set do it once. Tokens come from the Hub's usual places and stand in no message.

    Args:
        entry: which data set.
        home: `$HARNESS_HOME`.
        revision: a branch, tag or commit of the repository; the default branch if None.
        endpoint: of the Hub; `$HF_ENDPOINT` or the public one if None.
        again: fetch also what is there.

    Raises:
        BadDataError: it cannot be fetched; says why, and which file to put where instead.
    """
    folder = fetched_folder(entry.name, home)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{entry.name}.lock"):
            origin = read_origin(entry.name, home)
            if origin is not None and not again and revision in (None, origin.revision):
                return origin
            if origin is None and folder.is_dir() and any(folder.iterdir()):
                raise BadDataError(
                    f"{folder}: holds files that were not fetched, which are left as they are",
                    "Move them elsewhere to have the data set fetched.",
                )
            with tempfile.TemporaryDirectory(
                prefix=f".{entry.name}-", dir=folder.parent
            ) as staging:
                origin = _download(entry, Path(staging), revision, endpoint)
                _replace(Path(staging), folder)
            return origin
    except OSError as error:
        raise _failed(entry, _disk(error) or f"{type(error).__name__}", home) from None


def _download(entry: Entry, staging: Path, revision: str | None, endpoint: str | None) -> Origin:
    from huggingface_hub import HfApi, errors, hf_hub_download

    # The HTTP library's own error: httpx or httpx2, by the version of the Hub's client.
    transport_error = cast(type[OSError], errors.HfHubHTTPError.__mro__[1])
    home = staging.parent.parent
    endpoint = endpoint or os.environ.get("HF_ENDPOINT") or None
    repo = entry.hub_repo
    try:
        info = HfApi(endpoint=endpoint).dataset_info(repo, revision=revision, timeout=30)
        chosen = choose_files(entry, [sibling.rfilename for sibling in info.siblings or ()])
        if not chosen:
            raise _failed(entry, f"the repository {repo} no longer holds its files", home)
        commit = info.sha or revision or "main"
        for name in chosen:
            hf_hub_download(
                repo,
                name,
                repo_type="dataset",
                revision=commit,
                local_dir=staging,
                endpoint=endpoint,
            )
    except errors.GatedRepoError:
        reason = f"the repository {repo} wants its terms accepted, and a token (HF_TOKEN)"
        raise _failed(entry, reason, home) from None
    except errors.RepositoryNotFoundError:
        reason = f"no repository {repo} is there, or this token may not see it"
        raise _failed(entry, reason, home) from None
    except errors.RevisionNotFoundError:
        raise _failed(entry, f"the repository {repo} has no revision {revision}", home) from None
    except errors.OfflineModeIsEnabled:
        raise _failed(entry, "HF_HUB_OFFLINE is set", home) from None
    except (errors.EntryNotFoundError, transport_error, errors.HfHubHTTPError) as error:
        raise _failed(entry, _disk(error) or _answer(error), home) from None
    except (ValueError, KeyError, TypeError):
        reason = "what answers is not the Hub (a proxy's page, or a wrong HF_ENDPOINT)"
        raise _failed(entry, reason, home) from None
    shutil.rmtree(staging / ".cache", ignore_errors=True)
    origin = Origin(repo, commit, _flatten(staging, chosen))
    (staging / RECORD).write_text(json.dumps(vars(origin), indent=1))
    return origin


def choose_files(entry: Entry, names: Sequence[str]) -> list[str]:
    """Of a repository's files, those that hold the data set: one archive, or a file a split."""
    if entry.kind == "classify":
        zips = sorted(name for name in names if PurePosixPath(name).match("*hrase*ank*.zip"))
        return zips[:1]
    for ending in _FETCHED_ENDINGS:
        parts: dict[str, str] = {}
        for name in sorted(names):
            split = split_of(name)
            if split is not None and PurePosixPath(name).suffix == ending:
                parts.setdefault(split, name)
        if {"train", "test"} <= parts.keys():
            return list(parts.values())
    return sorted(name for name in names if PurePosixPath(name).name == "corpus.7z")[:1]


def _flatten(staging: Path, chosen: Sequence[str]) -> dict[str, str]:
    """Moves the files to where `find_files` looks; gives their SHA-256 by name."""
    hashes = {}
    for name in chosen:
        ending = PurePosixPath(name).suffix
        split = split_of(name) if ending in TABLE_ENDINGS else None
        target = staging / (f"{split}{ending}" if split else PurePosixPath(name).name)
        os.replace(staging / name, target)
        hashes[target.name] = hashlib.sha256(target.read_bytes()).hexdigest()
    for name in chosen:
        for folder in list(PurePosixPath(name).parents)[:-1]:
            with suppress(OSError):
                (staging / folder).rmdir()
    return hashes


def _replace(staging: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    staging.chmod(0o755)
    os.replace(staging, folder)
    staging.mkdir()


def _failed(entry: Entry, reason: str, home: Path) -> BadDataError:
    return BadDataError(
        f"{entry.name}: cannot be fetched: {reason}",
        f"Put {entry.by_hand} into a folder and name it with --data-dir or HARNESS_DATA, "
        f"or put it into {fetched_folder(entry.name, home)}.",
    )


def _disk(error: Exception) -> str | None:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk"
    if isinstance(error, PermissionError):
        return f"{error.filename} may not be written"
    return None


def _answer(error: Exception) -> str:
    """In words; the Hub's client hides some refusals behind a file that its cache lacks."""
    answers = (getattr(each, "response", None) for each in (error, error.__cause__))
    status = next((answer.status_code for answer in answers if answer is not None), None)
    return f"the Hub answered {status}" if status else "the Hub does not answer, or broke off"
