"""What llama.cpp is compiled with: no multimodal part, and no AMX where a compiler would break it."""

from __future__ import annotations

from pathlib import Path

from tools.llama_cpp_flags import flags

GCC = "c++ (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022 Free Software Foundation, Inc.\n"
NO_AMX = {"-DCMAKE_C_FLAGS=-U__AMX_INT8__", "-DCMAKE_CXX_FLAGS=-U__AMX_INT8__"}


def test_amx_is_left_out_for_compilers_that_break_it_and_for_no_other() -> None:
    assert set(flags(GCC, "12.2.0\n")) > NO_AMX
    assert NO_AMX.isdisjoint(flags(GCC, "14.2.0\n"))
    assert NO_AMX.isdisjoint(flags("Debian clang version 14.0.6\n", "14.0.6\n"))


def test_without_a_compiler_the_build_is_left_to_say_so() -> None:
    assert NO_AMX.isdisjoint(flags("", ""))


def test_what_nothing_calls_is_left_out() -> None:
    multimodal, parts = flags(GCC, "14.2.0\n")
    assert multimodal == "-DLLAVA_BUILD=OFF"
    assert "LLAMA_BUILD_COMMON OFF" in Path(parts.partition("=")[2]).read_text()
