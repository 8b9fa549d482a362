"""Questions to the Hub's HTTP API, with patience for a busy server and none for a missing one.

Not `HfApi`: its listing of a repo's files knows no timeout, and its retries sleep where nobody can stop
them. The addresses are those of the Hub's documented API; headers, token, session and the reading
of errors are `huggingface_hub`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (
    build_hf_headers,
    get_session,
    hf_raise_for_status,
    parse_ratelimit_headers,
)

from harness.hub.errors import BUSY, no_hub
from harness.hub.records import COMMIT, DIGEST, RemoteFile, Repo, stays_inside
from harness.hub.retries import waits
from harness.version import __version__

T = TypeVar("T")
LONGEST_WAIT = 300.0
"""Seconds that are waited at most: the Hub counts its limits over five minutes."""


def headers() -> dict[str, str]:
    """The headers of any request to the Hub: who asks, and the token where the user is logged in."""
    found: dict[str, str] = build_hf_headers(library_name="harness", library_version=__version__)
    return {**found, "Accept-Encoding": "identity"}


def commit_of(repo: Repo, revision: str) -> str:
    """Asks which commit a branch or tag stands for; raises the library's errors."""
    info = _json(f"{constants.ENDPOINT}/{repo.api}/revision/{quote(revision, safe='')}")[0]
    commit = info.get("sha") if isinstance(info, dict) else None
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise no_hub(f"it names no commit for {repo.name}")
    return commit


def files_of(repo: Repo, commit: str) -> tuple[RemoteFile, ...]:
    """Asks for all files of a commit, sorted by path; raises the library's errors."""
    pages = list(_pages(repo, commit))
    try:
        entries = [entry for page in pages for entry in page]
        files = [_file(entry) for entry in entries if entry["type"] == "file"]
    except (KeyError, TypeError, ValueError) as error:
        raise no_hub(f"its list of {repo.name}'s files cannot be read") from error
    for file in files:
        if not stays_inside(file.path) or not DIGEST.fullmatch(file.digest) or file.bytes < 0:
            raise no_hub(f"it names a file that cannot be in {repo.name} ({file.path!r})")
    return tuple(sorted(files, key=lambda file: file.path))


def with_retries(request: Callable[[], T]) -> T:
    """Asks again where the server is busy or the answer broke off; raises what came last.

    A server that cannot be connected to at all is not asked again.
    """
    for pause in waits.get():
        try:
            return request()
        except (httpx2.HTTPError, OSError) as error:
            if not is_transient(error) or isinstance(error, httpx2.ConnectError):
                raise
            pause = pause_before_retry(pause, error)
        sleep(pause)
    return request()


def is_transient(error: Exception) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in BUSY
    return isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.UnsupportedProtocol
    )


def pause_before_retry(pause: float, error: Exception) -> float:
    """The seconds that a server asks to wait, if more than ours, within bounds."""
    if not isinstance(error, HfHubHTTPError):
        return pause
    limit = parse_ratelimit_headers(error.response.headers)
    after = error.response.headers.get("Retry-After", "")
    asked = limit.reset_in_seconds if limit else float(after) if after.isdecimal() else 0.0
    return min(max(pause, asked), LONGEST_WAIT)


def sleep(seconds: float) -> None:
    """Waits so many seconds; a function of its own, so that tests need not."""
    time.sleep(seconds)


def _json(url: str) -> tuple[Any, str]:
    """The answer from an address, and the address of its next page (empty where it is the last)."""

    def ask() -> httpx2.Response:
        response = get_session().get(url, headers=headers(), timeout=constants.HF_HUB_ETAG_TIMEOUT)
        hf_raise_for_status(response)
        return response

    response = with_retries(ask)
    following = response.links.get("next", {}).get("url", "")
    return response.json(), urljoin(url, following) if following else ""


def _pages(repo: Repo, commit: str) -> Iterator[Any]:
    """Pages of the list of files, all from one host: the token goes with the question."""
    url = f"{constants.ENDPOINT}/{repo.api}/tree/{commit}?recursive=true"
    host = urlsplit(url)[:2]
    while url:
        page, url = _json(url)
        yield page
        if url and urlsplit(url)[:2] != host:
            raise no_hub("its list of files goes on at another address")


def _file(entry: dict[str, Any]) -> RemoteFile:
    contents = entry.get("lfs") or entry
    return RemoteFile(str(entry["path"]), int(contents["size"]), str(contents["oid"]))
