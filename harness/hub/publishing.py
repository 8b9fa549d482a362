"""Puts files into a repo on the Hub: one commit, or a pull request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import get_session, hf_raise_for_status

from harness.errors import HarnessError, RefusedTokenError
from harness.hub.errors import LOGIN, redact, with_our_errors
from harness.hub.records import Repo
from harness.hub.requests import headers
from harness.version import __version__

T = TypeVar("T")
README = "README.md"


def require_login() -> None:
    """Asks nobody, and only looks whether there is a token.

    Raises:
        RefusedTokenError: nobody is logged in.
    """
    if not get_token():
        raise RefusedTokenError("You are not logged in to the Hub.", f"To publish, {LOGIN}.")


def readme_of(repo: Repo) -> bytes | None:
    """The README of a repo; None where it has none, or there is no such repo.

    Raises:
        HubError: the Hub cannot be asked, or refuses.
    """

    def ask() -> bytes | None:
        url = f"{constants.ENDPOINT}/{repo.path}/resolve/main/{README}"
        response = get_session().get(url, headers=headers(), follow_redirects=True)
        try:
            hf_raise_for_status(response)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return None
        return bytes(response.content)

    return _asking(ask, repo)


def push(
    repo: Repo,
    files: Mapping[str, bytes],
    message: str,
    *,
    private: bool = False,
    pull_request: bool = False,
) -> str:
    """Makes the repo where it is not there, and commits the files; gives the address of what was made.

    Files of the repo that are not named stay as they are.

    Args:
        repo: where to.
        files: contents by path.
        message: of the commit.
        private: what a new repo is.
        pull_request: proposes the files instead of putting them on `main`.

    Raises:
        RefusedTokenError: the token may not write there.
        HubError: as for downloads.
    """
    api = HfApi(library_name="harness", library_version=__version__)
    additions = [CommitOperationAdd(path, data) for path, data in files.items()]

    def send() -> str:
        if not pull_request:
            sdk = "static" if repo.type == "space" else None
            api.create_repo(
                repo.name, repo_type=repo.type, private=private, exist_ok=True, space_sdk=sdk
            )
        made = api.create_commit(
            repo.name,
            additions,
            commit_message=message,
            repo_type=repo.type,
            create_pr=pull_request,
        )
        return str(made.pr_url or made.commit_url)

    return _asking(send, repo)


def _asking(request: Callable[[], T], repo: Repo) -> T:
    """As `with_our_errors`, with what a refusal means to whoever writes; the library logs nothing meanwhile."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    refused: HarnessError | None = None
    try:
        return with_our_errors(lambda: _unless_refused(request), repo)
    except _Refused as error:
        refused = RefusedTokenError(
            f"The Hub does not let you write to {repo.name} (status {error.status}).{error.said}",
            "Its organization has to be yours, and the token needs the permission to write: see the settings "
            f"of your access tokens on the Hub, or {LOGIN}.",
        )
    raise refused


class _Refused(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(status)
        self.status, self.said = status, said


def _unless_refused(request: Callable[[], T]) -> T:
    status, said = 0, ""
    try:
        return request()
    except HfHubHTTPError as error:
        if not isinstance(error.response, httpx2.Response) or error.response.status_code not in (
            401,
            403,
        ):
            raise
        status = error.response.status_code
        if error.server_message:
            said = f" It says: {redact(error.server_message)}"
    raise _Refused(status, said)
