"""Whether llama.cpp's AMX kernels were compiled by a compiler that breaks them.

GCC before 11.5, 12.4 and 13.3 takes `_tile_loadconfig` to read 8 of its 64 bytes and drops the stores
of the rest (GCC bug 114098). llama.cpp uses these kernels for quantized weights that it rearranges
while loading, on processors with AMX: loading what is left of the configuration ends the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_MENDED = {11: 5, 12: 4, 13: 3}
"""By major version of GCC, the first minor version without the bug; older ones have no AMX."""
_STAMP = re.compile(rb"GCC: \([^)]*\) (\d+)\.(\d+)\.\d+")
"""What GCC writes into the `.comment` section of all that it compiles."""


def breaks_amx(major: int, minor: int) -> bool:
    """Whether a version of GCC drops most of a tile configuration."""
    return major in _MENDED and minor < _MENDED[major]


def broken_in(libraries: Iterable[Path]) -> bool:
    """Whether any part of shared libraries was compiled by such a version."""
    return any(
        breaks_amx(int(found[1]), int(found[2]))
        for library in libraries
        for found in _STAMP.finditer(library.read_bytes())
    )


@cache
def amx_is_broken() -> bool:
    """Whether the llama.cpp that is installed has AMX kernels, and a compiler broke them."""
    import llama_cpp.llama_cpp as lib

    if b"AMX_INT8 = 1" not in lib.llama_print_system_info():
        return False
    found = (Path(lib.__file__).parent / "lib").glob("libggml-cpu*")
    return broken_in({library.resolve() for library in found})
