"""Data sets that are not files of this machine yet: from the Hub, or from a Python function."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.from_function import FAILURE
from harness.data.repo_files import Parts, WantedFiles, choose_parts
from harness.errors import AbsentDataError, BadDataError, InputError
from harness.files import put_in_place
from harness.interpreter import python_command, python_environment
from harness.plan.data import DataRef
from harness.python_hook import PythonHook, find_hook, hook_key
from harness.quantities import byte_size


def locate(ref: DataRef, home: Path, may_fetch: bool) -> DataRef:
    """The same reference, with the files that hold the data; as it is where they are named already.

    Args:
        ref: to a data set (`DataRef`) or to instructions (`InstructionRef`).
        home: `$HARNESS_HOME`.
        may_fetch: whether data may be downloaded.

    Raises:
        InputError: the repo's files can be taken in several ways, or none; or there is no such repo.
        AbsentDataError: it is not here and must not be fetched.
        BadDataError: the function failed, or gave something else than rows.
        HubError: the Hub refuses, cannot be reached, or the download broke off.
    """
    if "hub" in ref:
        return _from_hub(ref, home, may_fetch)
    return _from_function(ref, home) if "python" in ref else ref


def _from_hub(ref: DataRef, home: Path, may_fetch: bool) -> DataRef:
    from harness.hub.client import fetch, plan_data, resolve

    place: dict[str, Any] = ref["hub"]
    repo = place["hub"]
    wanted = WantedFiles(*(place.get(key) for key in ("config", "file", "train", "test")))
    commit = resolve(repo, place.get("revision", "main"), home, repo_type="dataset")
    parts: dict[str, tuple[str, ...]] = {}

    def choose(paths: Sequence[str]) -> Sequence[str]:
        parts.update(_parts(ref, choose_parts(paths, repo, wanted)))
        return [path for part in parts.values() for path in part]

    download = plan_data(repo, commit, home, choose)
    if download.missing and not may_fetch:
        raise AbsentDataError(
            f"{repo}: the data set is not on this machine yet",
            f"`harness run` downloads it ({byte_size(download.needed_bytes)}).",
        )
    fetch(download)
    folder = download.target
    if "own" not in ref:
        (paths,) = parts.values()
        return {"name": ref["name"], "paths": [str(folder / path) for path in paths]}
    if "test_share" in ref["own"] and "all" not in parts:
        raise InputError(
            f"{repo}: `test_share` is set, but the data set has a test part: {parts['test'][0]}",
            "Leave it out, or name a file that is to be split with `file:`.",
        )
    found = {part: [str(folder / path) for path in paths] for part, paths in parts.items()}
    names = ", ".join(path for paths in parts.values() for path in paths)
    origin = f"{repo} on the Hub at {commit[:12]}: {names}"
    own = ref["own"] | {"parts": found, "origin": origin}
    return {"name": ref["name"], "kind": ref["kind"], "own": own}


def _from_function(ref: DataRef, home: Path) -> DataRef:
    """Calls the function in a process of its own, and keeps its rows by their contents."""
    text, folder = ref["python"]["text"], ref["python"]["folder"]
    hook = find_hook(text, Path(folder))
    kept = home.absolute() / "data" / "python"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".rows-", dir=kept) as scratch:
        rows = Path(scratch) / "rows"
        rows.mkdir()
        done = subprocess.run(
            python_command("-m", "harness.data.from_function", text, folder, str(rows)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=python_environment(os.environ),
        )
        if done.returncode:
            raise _failed(hook, rows / FAILURE, done)
        files = sorted(rows.iterdir())
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
        place = kept / digest.hexdigest()
        if not place.is_dir():
            put_in_place(rows, place)
    parts = {file.stem: [str(place / file.name)] for file in files}
    own = ref["own"] | {"parts": parts, "origin": text, "source": hook_key(hook)}
    return {"name": ref["name"], "kind": ref["kind"], "own": own}


def _failed(
    hook: PythonHook, failure: Path, done: subprocess.CompletedProcess[str]
) -> BadDataError:
    try:
        said = json.loads(failure.read_text(encoding="utf-8"))
        return BadDataError(said["message"], said["hint"])
    except (OSError, ValueError, KeyError):
        last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
        return BadDataError(
            f"{hook.file}: `{hook.function}` ended its process (exit code {done.returncode}): {last}",
            "Run it by itself, to see why.",
        )


def _parts(ref: DataRef, parts: Parts) -> Parts:
    """Of a data set all parts; of instructions, of which none are tested, the train part."""
    return parts if "own" in ref else {"train": parts.get("train") or parts["all"]}
