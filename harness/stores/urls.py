"""From what a user names to a store: which file system it is on, and what is wrong with the name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.errors import InputError

FORM = "Give file:///folder, s3://bucket/folder, or another URL that fsspec knows."
KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "gcs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_CONNECTION_STRING",
    "abfs": "AZURE_STORAGE_CONNECTION_STRING",
    "hf": "HF_TOKEN",
}
"""By protocol: where its file system looks for credentials."""


def protocol_of(url: str) -> str:
    """Of a URL; `file` of a folder that is named without one."""
    return url.partition("://")[0].lower() if "://" in url else "file"


def credentials_hint(url: str) -> str:
    """Where a store's credentials are looked for."""
    protocol = protocol_of(url)
    own = f"FSSPEC_{protocol.upper()}_<option>, such as FSSPEC_{protocol.upper()}_KEY"
    return f"They are taken from the environment: {KEYS.get(protocol, own)}."


def redacted(text: str) -> str:
    """A text without what stands for a password, or behind a question mark, in the URLs that are in it."""
    text = re.sub(r"(\w+://[^\s/@:]*):[^\s/@]*@", r"\1:…@", text)
    return re.sub(r"(\w+://[^\s?]*)\?[^\s'\"]*", r"\1?…", text)


def checked(url: str) -> str:
    """A store's URL in full.

    Raises:
        InputError: it is none, or has a password in it.
    """
    if "://" not in url:
        if not url.strip() or re.match(r"[A-Za-z][\w+.-]+:", url):
            raise InputError(f"--store {redacted(url)}: this is no URL", FORM)
        return Path(url).expanduser().absolute().as_uri()
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError as error:
        raise InputError(f"--store {redacted(url)}: this is no URL: {error}", FORM) from None
    if "::" in url or not re.fullmatch(r"[A-Za-z][\w+.-]*", parts.scheme):
        raise InputError(f"--store {redacted(url)}: this is no URL of a folder", FORM)
    if parts.scheme == "file":
        place = Path(url.partition("://")[2])
        if not place.is_absolute():
            raise InputError(f"--store {url}: a folder is named from the root on", FORM)
        return f"file://{place.as_posix()}"
    if password is not None or parts.query:
        raise InputError(
            f"--store {redacted(url)}: a URL is seen by all who list processes, and must hold no "
            "password and no options",
            f"Leave them out, and take another password. {credentials_hint(url)}",
        )
    if not parts.netloc and parts.scheme != "memory":
        raise InputError(f"--store {url}: it names no bucket and no host", FORM)
    return url.rstrip("/")


def file_system(url: str) -> tuple[Any, str]:
    """The file system that a URL leads to, and the place of the store there.

    Raises:
        InputError: nobody knows its protocol, its package is not installed, or its options are wrong.
    """
    import fsspec

    protocol = protocol_of(url)
    options = {} if protocol in ("file", "memory") else {"use_listings_cache": False}
    try:
        fs, root = fsspec.url_to_fs(url, **options)
    except ImportError as error:
        named = error.__cause__ if isinstance(error.__cause__, ImportError) else error
        package = (named.name or "").split(".")[0]
        raise InputError(
            f"--store {url}: it needs a package that is not installed: {package or error}",
            f"Install it here and on every node: pip install {package or 'it'}.",
        ) from None
    except (
        Exception
    ) as error:  # file systems of strangers refuse their options in ways of their own
        unknown = "Protocol not known" in str(error)
        reason = f"no file system is known by {protocol}://" if unknown else _line(error)
        raise InputError(f"--store {url}: {reason}", FORM) from None
    return fs, str(root).rstrip("/")


def _line(error: Exception) -> str:
    lines = redacted(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def reason_of(error: Exception) -> str:
    """An error of a file system in a line, without what nobody should read."""
    name, line = type(error).__name__, _line(error)
    return line if line.startswith(name) or isinstance(error, OSError) else f"{name}: {line}"
