"""What went wrong with the Hub, in words for the one who can mend it, and without a secret in them.

An error of the Hub's library holds the request, and so the token. `with_our_errors` therefore turns it into one
of ours outside of the handler: the new error keeps no link to the old one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import constants, get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from harness import errors
from harness.disk import NO_SPACE
from harness.errors import HarnessError, HubError
from harness.hub.records import Repo
from harness.quantities import byte_size

T = TypeVar("T")
FAILURES = (httpx2.HTTPError, OfflineModeIsEnabled, OSError, json.JSONDecodeError)
"""Errors that asking the Hub and writing its files can raise."""
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may be gone a moment later."""
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"
MAKE_ROOM = (
    "Free some space (`hf cache ls` shows what the Hub's cache holds, `hf cache rm` removes it), or "
    "set HF_HOME to a folder on a larger disk."
)
_SECRETS = re.compile(
    r"\b(?:hf|api_org)_\w{6,}|(?<=bearer )\S+|(?<=://)[^/\s@]+@|(?<=\?)\S+=\S+", re.IGNORECASE
)


def redact(text: str) -> str:
    """The text without tokens, passwords in addresses, and signatures of signed addresses."""
    token = get_token()
    if token:
        text = text.replace(token, "[secret]")
    return _SECRETS.sub("[secret]", text)


def with_our_errors(request: Callable[[], T], repo: Repo, revision: str = "", file: str = "") -> T:
    """Gives what `request` gives, or raises its failure as an error of ours.

    Args:
        request: asks the Hub, or writes what it sent.
        repo: what was asked about, for messages; `revision` and `file` likewise.

    Raises:
        HubError: of the kind that fits.
        NoSpaceError: the disk is full.
    """
    try:
        return request()
    except FAILURES as error:
        ours = explain(error, repo, revision, file)
    raise ours


def explain(error: Exception, repo: Repo, revision: str = "", file: str = "") -> HarnessError:
    """The error of ours that tells what an error of the Hub's library, or of the disk, means."""
    if isinstance(error, OfflineModeIsEnabled):
        return errors.OfflineError(
            f"{_what(repo, revision, file)} is not on this machine, and HF_HUB_OFFLINE forbids to "
            "fetch it.",
            "Unset HF_HUB_OFFLINE once and run again, "
            f"or name a folder that holds the {repo.noun}.",
        )
    if isinstance(error, HfHubHTTPError):
        return _answered(error, repo, revision, file)
    if isinstance(error, json.JSONDecodeError):
        return no_hub(f"it answered about {repo.name} with something other than JSON")
    if isinstance(error, OSError) and not isinstance(error, LocalEntryNotFoundError):
        return _disk(error)
    return errors.OfflineError(
        f"The Hub ({_host()}) cannot be reached, and {_what(repo, revision, file)} is not on this "
        f"machine: {redact(str(error)) or type(error).__name__}.",
        "Check the connection, the proxy (HTTPS_PROXY) and HF_ENDPOINT. Without one: fetch the "
        f"{repo.noun} on another machine and name its folder in the suite.",
    )


def no_hub(why: str) -> HubError:
    """The error where what answers is no Hub: a proxy's login page, a wrong address."""
    return errors.HubServerError(
        f"{_host()} does not speak as the Hub does: {why}.",
        "Check HF_ENDPOINT, and whether a proxy or a network's login page answers in its place.",
    )


def no_space(place: str, needed_bytes: int, free_bytes: int) -> HarnessError:
    """The error where a download is known not to fit, before a byte of it is fetched."""
    return errors.NoSpaceError(
        f"There is no space left for the download: it needs {byte_size(needed_bytes)}, and "
        f"{place} has {byte_size(free_bytes)} free.",
        MAKE_ROOM,
    )


def _answered(error: HfHubHTTPError, repo: Repo, revision: str, file: str) -> HarnessError:
    said = f" The Hub says: {redact(error.server_message)}" if error.server_message else ""
    status = error.response.status_code
    if isinstance(error, GatedRepoError):
        return _gated(repo, said)
    if isinstance(error, RepositoryNotFoundError):
        return _no_repo(repo)
    if isinstance(error, RevisionNotFoundError):
        return errors.MissingRevisionError(
            f"{repo.name} has no revision {revision or file}.",
            f"Its branches and tags stand at {_site(repo)}/refs; `main` is the usual one.",
        )
    if isinstance(error, EntryNotFoundError):
        return errors.MissingFileError(
            f"{repo.name} has no file {file} at {revision}.", f"Its files: {_site(repo)}/tree/main"
        )
    if status == 401:
        return errors.RefusedTokenError(
            f"The Hub does not take the token it was sent for {repo.name}.",
            f"It may have expired: {LOGIN}. Public repos need none.",
        )
    if status == 403:
        return errors.GatedRepoError(
            f"The Hub refuses access to {repo.name}.{said}",
            "A fine-grained token needs the permission to read this repo (for gated ones too): "
            "see the settings of your access tokens on the Hub.",
        )
    if status == 404:
        return _no_repo(repo)
    return errors.HubServerError(
        f"The Hub answered {status} when asked for {_what(repo, revision, file)}.{said}",
        "It asks for fewer requests: wait some minutes, and log in (the limit is higher then)."
        if status == 429
        else "Run again later; what has been fetched is kept. The Hub's state: "
        "https://status.huggingface.co",
    )


def _gated(repo: Repo, said: str) -> HarnessError:
    if get_token() is None:
        return errors.GatedRepoError(
            f"{repo.name} is gated: its files are given only to those who accepted its licence, "
            "and you are not logged in.",
            f"Accept the licence at {_site(repo)}, then {LOGIN}.",
        )
    return errors.GatedRepoError(
        f"{repo.name} is gated, and your account has no access to it.{said}",
        f"Accept the licence at {_site(repo)} with the account that your token belongs to (some "
        "authors grant it by hand, after hours or days); a fine-grained token also needs the "
        "permission for gated repos.",
    )


def _no_repo(repo: Repo) -> HarnessError:
    logged_in = get_token() is not None
    return errors.MissingRepoError(
        f"There is no {repo.type} {repo.name} on the Hub ({_host()}), or it is private and "
        f"{'your account may not see it' if logged_in else 'you are not logged in'}.",
        "Check its spelling (org/name)."
        + ("" if logged_in else f" If it is private: {LOGIN}.")
        + (" A folder is named with ./ in front." if repo.type == "model" else ""),
    )


def _disk(error: OSError) -> HarnessError:
    if error.errno in NO_SPACE:
        return errors.NoSpaceError(
            "No space was left on the disk while downloading; what has arrived is kept, and the "
            "next run continues there.",
            MAKE_ROOM,
        )
    return HubError(
        f"A file of the download cannot be written: {error.strerror or error} "
        f"({error.filename or constants.HF_HUB_CACHE}).",
        "Set HF_HOME and HARNESS_HOME to folders that you may write to.",
    )


def _what(repo: Repo, revision: str, file: str) -> str:
    at = f" at {revision[:12] if len(revision) == 40 else revision}" if revision else ""
    return f"{file} of {repo.name}{at}" if file else f"{repo.name}{at}"


def _host() -> str:
    return urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT


def _site(repo: Repo) -> str:
    return f"{redact(constants.ENDPOINT)}/{repo.path}"
