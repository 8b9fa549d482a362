"""Prints what llama.cpp is compiled with here, for `CMAKE_ARGS`: `python tools/llama_cpp_flags.py`.

Runs before anything is installed, so that it imports nothing but one file of the standard library's
reach. Left out is what nothing here calls, the multimodal part and the library for command-line programs,
and AMX kernels where the compiler would break them.
"""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
from pathlib import Path

PARTS = Path(__file__).with_name("llama_cpp_parts.cmake")
AMX = Path(__file__).parents[1] / "harness" / "engines" / "llamacpp" / "amx.py"


def flags(compiler: str, version: str) -> list[str]:
    """What CMake is told.

    Args:
        compiler: what `c++ --version` prints.
        version: what `c++ -dumpfullversion` prints.
    """
    spec = importlib.util.spec_from_file_location("amx", AMX)
    assert spec is not None and spec.loader is not None
    amx = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(amx)
    found = ["-DLLAVA_BUILD=OFF", f"-DCMAKE_PROJECT_INCLUDE_BEFORE={PARTS.resolve()}"]
    major, _, rest = version.strip().partition(".")
    is_gcc = "Free Software Foundation" in compiler and major.isdecimal()
    if is_gcc and amx.breaks_amx(int(major), int(rest.partition(".")[0] or 0)):
        # Undefined, not switched off: -march=native comes behind it and would switch it on again.
        # In C, too: there llama.cpp says whether it has them.
        found += [f"-DCMAKE_{language}_FLAGS=-U__AMX_INT8__" for language in ("C", "CXX")]
    return found


def _asked(option: str) -> str:
    try:
        return subprocess.run(["c++", option], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


if __name__ == "__main__":
    print(shlex.join(flags(_asked("--version"), _asked("-dumpfullversion"))))
