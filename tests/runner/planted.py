"""Secrets that are planted where people have them, and a search for them in everything that a command leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from harness.interpreter import python_command, python_environment

PLANTED = {
    "HF_TOKEN": "hf_PlantedTokenOfTheHub0123456789",
    "OPENAI_API_KEY": "sk-planted-openai/+key=0123456789",
    "OWN_KEY": 'own-planted"key\\with/signs%0123',
    "AWS_SECRET_ACCESS_KEY": "planted/aws+secret/access=key0123",
    "WANDB_API_KEY": "planted0wandb0key0123456789abcdef",
    "DATABASE_URL": "postgres://me:planted-password-0123@db.internal/x",
    "NIGHTLY_TOKEN": "planted-nightly-token-0123456789",
    "MAIL_PASSWORD": "planted mail password 0123",
    "CLIENT_SECRET": "planted-client-secret-0123",
}
"""By variable; that of `OWN_KEY` is spelled otherwise in JSON and in addresses."""
PASSWORD = "planted-password-in-an-address"


def spellings(secret: str) -> dict[str, bytes]:
    """How a secret may stand in a file: as it is, in JSON, in Python, in an address, as base64 at any place, in hex."""
    plain = secret.encode()
    found = {
        "plain": plain,
        "json": json.dumps(secret)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(secret))[3:-3].encode(),
        "python": repr(secret)[1:-1].encode(),
        "address": quote(secret, safe="").encode(),
        "hex": plain.hex().encode(),
    }
    for at in range(3):  # what stands before it moves the digits; the first and the last are shared
        digits = b64encode(b"x" * at + plain)
        found[f"base64 at {at}"] = digits[(at and 4) : -4]
    return found


def leaks(data: bytes, where: str, secrets: Mapping[str, str] = PLANTED) -> list[str]:
    """What of the secrets stands in some bytes, by variable, spelling and place."""
    return [
        f"{variable} ({how}) in {where}"
        for variable, secret in secrets.items()
        for how, spelling in spellings(secret).items()
        if spelling in data
    ]


def leaks_below(folder: Path, secrets: Mapping[str, str] = PLANTED) -> list[str]:
    """The same of the names and contents of all files below a folder."""
    return [
        leak
        for file in sorted(folder.rglob("*"))
        for data in [str(file).encode(), file.read_bytes() if file.is_file() else b""]
        for leak in leaks(data, str(file), secrets)
    ]


class Watched:
    """Runs commands of the harness with the secrets in their environment, and watches the lists of processes."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        (folder / "tmp").mkdir(exist_ok=True)
        self._environment = python_environment(
            {**os.environ, **PLANTED, "HARNESS_HOME": str(folder / "home"), "HF_HOME": str(folder / "hf"),
             "TMPDIR": str(folder / "tmp"), **environment}
        )  # fmt: skip
        self.titles: set[bytes] = set()
        """Command lines and names of the processes that ran."""
        self.said: dict[str, bytes] = {}
        """By command, what it printed."""

    def run(self, *words: str) -> int:
        """Runs one to its end. Returns the exit code."""
        over = threading.Event()
        child = subprocess.Popen(
            python_command("-m", "harness", *words),
            cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        watcher = threading.Thread(target=self._watch, args=(child.pid, over))
        watcher.start()
        try:
            self.said[" ".join(words)] = child.communicate(timeout=900)[0]
        finally:
            over.set()
            watcher.join()
        return child.returncode

    def _watch(self, pid: int, over: threading.Event) -> None:
        while not over.wait(0.05):
            for of in Path("/proc").glob("[0-9]*"):
                try:
                    title = (of / "cmdline").read_bytes() + (of / "comm").read_bytes()
                except OSError:
                    continue
                if b"harness" in title or sys.executable.encode() in title:
                    self.titles.add(title)
