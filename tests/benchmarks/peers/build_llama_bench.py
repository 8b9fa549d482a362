"""Builds llama-bench and llama-batched-bench for the installed llama-cpp-python.

    python -m tests.benchmarks.peers.build_llama_bench .venv-peers/bin

The wheel brings llama.cpp's shared libraries, its `llama-common` among them, but not these two
programs. Only their own sources are compiled, taken from the source distribution of the version
installed, and linked against the very libraries that the harness loads: flags, kernels and OpenMP
are the same because the code is the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from harness.errors import HarnessError, MissingToolError
from harness.models.gguf.llamacpp_source import download, extract

PROGRAMS = {"llama-bench": "llama-bench", "llama-batched-bench": "batched-bench"}
"""Program, and its folder under llama.cpp's `tools/`."""
_WANTED = ("common", "tools", "vendor")
_PACKAGE = "llama-cpp-python"


def library_folders() -> tuple[Path, Path]:
    """Where the libraries lie that Python loads, and where `llama-common` lies.

    Raises:
        MissingToolError: the wheel has no `llama-common`.
    """
    distribution = metadata.distribution(_PACKAGE)
    site = Path(str(distribution.locate_file("")))
    common = sorted((site / "lib").glob("libllama-common.*"))
    if not common:
        raise MissingToolError(
            f"This {_PACKAGE} brings no llama-common library to link llama-bench against.",
            f"Install it from source: pip install --no-binary {_PACKAGE} {_PACKAGE}",
        )
    return site / "llama_cpp" / "lib", site / "lib"


def build(out: Path) -> list[Path]:
    """Compiles both programs into `out`; gives their paths.

    Raises:
        MissingToolError: there is no C++ compiler, no source distribution, or it does not build.
    """
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise MissingToolError("There is no C++ compiler.", "Install g++ or clang.")
    loaded, common = library_folders()
    headers = common.parent / "include"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "llama.cpp"
        archive = download(metadata.version(_PACKAGE), Path(folder))
        extract(archive, sources, _WANTED)
        for program, tool in PROGRAMS.items():
            files = [sources / "tools" / tool / name for name in (f"{tool}.cpp", "main.cpp")]
            command = [compiler, "-O3", "-DNDEBUG", "-std=c++17", *map(str, files)]
            command += [f"-I{sources / 'common'}", f"-I{sources / 'vendor'}", f"-I{headers}"]
            if sys.platform == "linux":  # so that each library is found by the program's own path
                command.append("-Wl,--no-as-needed")
            for place in (loaded, common):
                command += [f"-L{place}", f"-Wl,-rpath,{place}"]
            command += ["-lllama-common", "-lllama", "-lggml", "-lggml-base", "-pthread"]
            _run([*command, "-o", str(out / program)], program)
    return [out / program for program in PROGRAMS]


def _run(command: list[str], program: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        first = next((line for line in done.stderr.splitlines() if "error" in line), "no reason")
        raise MissingToolError(f"{program} does not compile: {first}", " ".join(command))


def main() -> int:
    """Builds into the folder that is the only argument."""
    try:
        for path in build(Path(sys.argv[1])):
            print(path)
    except HarnessError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
