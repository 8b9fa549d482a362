"""What a revision's name stands for: its commit, which is the key of all that is made from it.

A name is asked about in every run, since it moves. `$HARNESS_HOME/hub/` remembers what it stood for
last, so that a run without a connection goes on. What a commit holds never changes: its
listing is asked for once.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from huggingface_hub.utils import HFValidationError, validate_repo_id

from harness.errors import HubServerError, InputError, OfflineError
from harness.files import write_json
from harness.hub.cache import Snapshot, cached_commit
from harness.hub.errors import with_our_errors
from harness.hub.records import COMMIT, Listing, RemoteFile, Repo, RepoType
from harness.hub.requests import commit_of, files_of


def named(name: str, repo_type: RepoType = "model") -> Repo:
    """The repo of a name.

    Raises:
        InputError: the Hub has no such names.
    """
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise InputError(
            f"{name!r} is no name of a repo on the Hub: {error}.",
            "A repo is named as org/name; a folder as ./name or /path/name.",
        ) from None
    return Repo(name, repo_type)


def resolve(name: str, revision: str, home: Path, *, repo_type: RepoType = "model") -> str:
    """The commit that a revision stands for: the key of everything made from it.

    A revision of 40 hexadecimal digits is a commit, and nothing is asked. Where the Hub cannot be
    reached, the commit that the name last stood for is taken.

    Args:
        name: `org/name`.
        revision: a branch, tag or commit; `main` is the usual one.
        home: `$HARNESS_HOME`.
        repo_type: models and data sets may have the same name.

    Raises:
        InputError: `name` cannot be one.
        MissingRepoError, MissingRevisionError, GatedRepoError, RefusedTokenError, OfflineError,
        HubServerError: each with what to do about it.
    """
    repo = named(name, repo_type)
    if COMMIT.fullmatch(revision):
        return revision
    memory = home / "hub" / repo.folder / "revisions" / f"{quote(revision, safe='')}.json"
    try:
        commit = with_our_errors(lambda: commit_of(repo, revision), repo, revision)
    except (OfflineError, HubServerError):
        known = _remembered(memory) or cached_commit(repo, revision)
        if known is None:
            raise
        return known
    write_json(
        memory, {"revision": revision, "commit": commit, "time": datetime.now(UTC).isoformat()}
    )
    return commit


def list_files(repo: Repo, commit: str, home: Path) -> Listing:
    """All files of a repo at a commit, as the Hub lists them; asked once, then remembered.

    Where the Hub cannot be asked, what its cache holds of that commit counts as all.

    Raises:
        HubError: it cannot be asked, and nothing is here; or it refuses.
    """
    memory = home / "hub" / repo.folder / "listings" / f"{commit}.json"
    try:
        rows = json.loads(memory.read_text(encoding="utf-8"))
        return Listing(tuple(RemoteFile(**row) for row in rows))
    except (OSError, ValueError, TypeError):
        pass
    try:
        files = with_our_errors(lambda: files_of(repo, commit), repo, commit)
    except (OfflineError, HubServerError) as error:
        files = Snapshot(repo, commit).listing()
        if not files:
            raise
        return Listing(files, error)
    write_json(memory, [asdict(file) for file in files])
    return Listing(files)


def _remembered(memory: Path) -> str | None:
    try:
        commit = json.loads(memory.read_text(encoding="utf-8"))["commit"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return commit if isinstance(commit, str) and COMMIT.fullmatch(commit) else None
