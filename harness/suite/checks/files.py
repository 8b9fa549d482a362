"""Folders and texts that a suite names, and that should be there and can be read."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.suite.checks.found import Found, KeyPath
from harness.suite.lineage import resolve


def check_folder(
    at: KeyPath, value: str, folder: Path, also_valid: Iterable[str]
) -> Iterator[Found]:
    path = resolve(value, folder)
    if not path.is_dir():
        others = "".join(f" or `{name}`" for name in sorted(also_valid))
        yield at, f"there is no folder {path}", f"Give a folder{others}, from the suite's folder."


def check_template(at: KeyPath, path: Path) -> Iterator[Found]:
    if not path.is_file():
        hint = "Give `none`, or a Jinja file; paths start from the suite's folder."
        yield at, f"there is no file {path}", hint
    else:
        yield from check_text(at, path)


def check_certificates(at: KeyPath, path: Path) -> Iterator[Found]:
    try:
        ssl.create_default_context().load_verify_locations(cadata=path.read_text(encoding="ascii"))
    except FileNotFoundError:
        yield at, f"there is no file {path}", "Paths start from the suite's folder."
    except (ssl.SSLError, ValueError) as error:
        hint = "Name a file with certificates between BEGIN CERTIFICATE and END CERTIFICATE."
        yield at, f"{path} holds no certificate in PEM: {error}", hint
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        yield at, message, "Name a file that this user may read."


def check_text(at: KeyPath, path: Path) -> Iterator[Found]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        yield at, f"there is no file {path}", "Paths start from the suite's folder."
    except UnicodeDecodeError as error:
        message = f"{path} is no UTF-8 text: {error.reason} at byte {error.start}"
        yield at, message, "Name a text file, or save this one as UTF-8."
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        yield at, message, "Name a text file that this user may read."
    else:
        if not text.strip():
            yield at, f"{path} is empty", "Name a text of at least a few sentences."
