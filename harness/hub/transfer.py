"""Fetching a file's contents into the Hub's cache, so that nothing that arrived is fetched again.

`huggingface_hub` (2.4) throws away what had arrived of a file when a download ends early, and checks
its size but not its hash. With files of several GB both matter: here a part stays and is
continued, by the next run too, and what is put into the cache has the hash that the Hub names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
from huggingface_hub import constants, hf_hub_download, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session, hf_raise_for_status

from harness.errors import DamagedDownloadError, InterruptedDownloadError
from harness.files import synchronise
from harness.hub import requests as hub_requests
from harness.hub.cache import Snapshot
from harness.hub.errors import redact
from harness.hub.records import RemoteFile
from harness.hub.retries import waits

CHUNK = 1 << 20
LARGEST_OVER_HTTP = constants.MAX_HTTP_DOWNLOAD_SIZE
"""The most bytes of a file that is fetched by HTTP: the Hub gives larger ones over Xet alone, which its
library speaks."""
OnBytes = Callable[[int], None]
"""A function that is told how many more bytes have arrived; fewer than 0 where a file is begun anew."""


def fetch_contents(
    file: RemoteFile, snapshot: Snapshot, on_bytes: OnBytes, stop: threading.Event
) -> None:
    """Lets a file be in the cache under its name, fetching what is not there of its contents.

    Returns early, with the file not there, once `stop` is set.

    Raises:
        DamagedDownloadError: twice what arrived did not have the hash that the Hub names.
        InterruptedDownloadError: the connection broke, and trying again did not help.
        httpx2.HTTPError, OSError: the Hub refused; the disk is full.
    """
    with snapshot.lock(file):
        if not snapshot.holds_blob(file):
            if file.bytes > LARGEST_OVER_HTTP:
                _by_the_library(file, snapshot)
                on_bytes(file.bytes)
            elif not _fetch_whole(file, snapshot, on_bytes, stop):
                return
        snapshot.link(file)


def _by_the_library(file: RemoteFile, snapshot: Snapshot) -> None:
    """Fetches a large file into a folder beside the cache's own: the library takes the lock that we hold."""
    place = snapshot.partial(file).with_suffix(".harness-large")
    hf_hub_download(
        snapshot.repo.name,
        file.path,
        repo_type=snapshot.repo.type,
        revision=snapshot.commit,
        local_dir=place,
    )
    whole = place / file.path
    found = digest(whole, file.digest)
    if found != file.digest:
        whole.unlink()
        raise _damaged(file, found)
    synchronise(whole)
    os.replace(whole, snapshot.blob(file))
    shutil.rmtree(place)


def _fetch_whole(
    file: RemoteFile, snapshot: Snapshot, on_bytes: OnBytes, stop: threading.Event
) -> bool:
    part = snapshot.partial(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    continued = part.is_file() and part.stat().st_size > 0
    _append_rest(file, snapshot, part, on_bytes, stop)
    if _size(part) != file.bytes:
        return False
    found = digest(part, file.digest)
    if found != file.digest:
        on_bytes(-part.stat().st_size)
        part.unlink()
        if not continued:
            raise _damaged(file, found)
        return _fetch_whole(file, snapshot, on_bytes, stop)
    synchronise(part)
    os.replace(part, snapshot.blob(file))
    return True


def _append_rest(
    file: RemoteFile, snapshot: Snapshot, part: Path, on_bytes: OnBytes, stop: threading.Event
) -> None:
    """Sends requests until all bytes are there; gives up after attempts that brought nothing new."""
    furthest, idle = _size(part), 0
    while _size(part) != file.bytes or not part.exists():
        if stop.is_set():
            return
        failure: Exception | None = None
        try:
            _request(file, snapshot, part, on_bytes, stop)
        except httpx2.HTTPError as error:
            if not (hub_requests.is_transient(error) or _out_of_range(error)):
                raise
            failure = error
        if _size(part) > file.bytes or (failure is not None and _out_of_range(failure)):
            on_bytes(-_size(part))
            part.unlink(missing_ok=True)
        idle = 0 if _size(part) > furthest else idle + 1
        furthest = max(furthest, _size(part))
        if _size(part) != file.bytes and idle:
            pauses = waits.get()
            if idle > len(pauses):
                _give_up(file, _size(part), failure)
            pause = pauses[idle - 1]
            hub_requests.sleep(
                hub_requests.pause_before_retry(pause, failure) if failure else pause
            )


def _request(
    file: RemoteFile, snapshot: Snapshot, part: Path, on_bytes: OnBytes, stop: threading.Event
) -> None:
    """Sends one request for the bytes that are not there, and writes them as they come.

    The session leaves the token out when it follows a redirect to another host.
    """
    start = _size(part)
    headers = hub_requests.headers()
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream(
        "GET", _address(file, snapshot), headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
    ) as response:
        hf_raise_for_status(response)
        if start and not _continues(response, start):
            on_bytes(-start)
            part.unlink()
            start = 0
        with part.open("ab") as stream:
            for chunk in response.iter_bytes():
                stream.write(chunk)
                start += len(chunk)
                on_bytes(len(chunk))
                if stop.is_set() or start > file.bytes:
                    return


def _continues(response: httpx2.Response, start: int) -> bool:
    """Whether the server gave the part that was asked for, and not the whole again."""
    given = response.headers.get("Content-Range", "")
    return response.status_code == 206 and given.startswith(f"bytes {start}-")


def digest(path: Path, like: str) -> str:
    """SHA-256 (hex) of a file; git's SHA-1 of it as a blob where `like` is as long as that."""
    known = hashlib.sha256()
    if len(like) == 40:
        known = hashlib.sha1(usedforsecurity=False)
        known.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as data:
        while chunk := data.read(CHUNK):
            known.update(chunk)
    return known.hexdigest()


def _address(file: RemoteFile, snapshot: Snapshot) -> str:
    return str(
        hf_hub_url(
            snapshot.repo.name,
            file.path,
            repo_type=snapshot.repo.type,
            revision=snapshot.commit,
        )
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _out_of_range(error: Exception) -> bool:
    return isinstance(error, HfHubHTTPError) and error.response.status_code == 416


def _damaged(file: RemoteFile, found: str) -> DamagedDownloadError:
    return DamagedDownloadError(
        f"{file.path} arrived damaged: its hash is {found[:16]}…, and the Hub says "
        f"{file.digest[:16]}….",
        "Run again: it is fetched anew. Should it stay so, a proxy or mirror changes what it passes.",
    )


def _give_up(file: RemoteFile, arrived: int, failure: Exception | None) -> None:
    """Raises the server's own error where nothing has arrived; else says how much has."""
    if isinstance(failure, (HfHubHTTPError, httpx2.ConnectError)) and not arrived:
        raise failure
    why = redact(str(failure)).split("\n")[0] if failure else "it ends before the end"
    raise InterruptedDownloadError(
        f"The download of {file.path} broke off after {arrived:,} of {file.bytes:,} bytes ({why}).",
        "Run again: it continues where it broke off.",
    )
