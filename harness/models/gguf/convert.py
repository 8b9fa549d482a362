"""A Transformers folder to an F16 GGUF, by llama.cpp's own converter.

The converter brings its own `gguf` package and imports torch: it runs in a process of its own,
so that neither meets what this process has loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.engines.deaths import LOOK_SECONDS, Watch, wanted_memory
from harness.engines.gguf_file import gguf_info
from harness.engines.permissions import permissions_of
from harness.errors import BadModelError, MissingToolError
from harness.models.gguf import run_converter
from harness.models.gguf.llamacpp_source import VARIABLE, find_llama_cpp
from harness.models.sources import check_model_folder

_LAST_LINES = 6
TRUST = "HARNESS_TRUST_REMOTE_CODE"
"""Tells the converter's process whether Python files beside the weights may be run."""


def convert(weights: Path, out: Path) -> None:
    """Writes the model of a Transformers folder as an F16 GGUF, one-dimensional weights in F32.

    Raises:
        BadModelError: the folder is damaged, or llama.cpp cannot convert this model; the message
            has the converter's last lines.
        MissingToolError: the converter is not to be had.
    """
    check_model_folder(weights)
    arguments = [str(weights), "--outfile", str(out), "--outtype", "f16"]
    run_converter_on("convert_hf_to_gguf.py", arguments, weights, out, "")


def run_converter_on(
    script: str, arguments: list[str], weights: Path, out: Path, remedy: str
) -> None:
    """Runs one of llama.cpp's converters in a process of its own.

    Args:
        script: its name.
        arguments: what is converted, first, and how.
        weights: the model's folder.
        out: the file that is to come of it.
        remedy: what can be done where it fails; "" for that of a whole model.

    Raises:
        BadModelError: it failed; the message has its last lines.
        KilledError, OutOfMemoryError, CrashError: it was ended by a signal, or had no memory, which says nothing of the
            model.
        MissingToolError: it is not to be had.
    """
    converter = find_llama_cpp() / script
    if not converter.is_file():
        raise MissingToolError(
            f"{converter.parent} has no {script}.", f"Unset ${VARIABLE}, or name a newer checkout."
        )
    command = [sys.executable, run_converter.__file__, str(converter), *arguments]
    code, said = _watched(command, _environment(weights))
    if code != 0 or not out.is_file():
        raise BadModelError(
            f"llama.cpp's converter failed on {weights.name}: " + " | ".join(said),
            remedy or _hint(said),
        )
    gguf_info(out)


def _watched(command: list[str], environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code of a process that runs until its end, and the last lines that it printed."""
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        watch = Watch(process.pid, "llama.cpp's converter")
        while True:
            try:
                printed, errors = process.communicate(timeout=LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                watch.look()
            except BaseException:
                process.kill()
                raise
    said = (errors + printed).strip().splitlines()[-_LAST_LINES:]
    if process.returncode < 0 or (process.returncode and wanted_memory(said) is not None):
        raise watch.meaning(process.returncode, "Its last lines: " + " | ".join(said), said)
    return process.returncode, said


def _environment(weights: Path) -> dict[str, str]:
    """This process's environment, offline and without other places for a `gguf` package.

    It also tells the converter, which trusts every tokenizer, whether this one's code may be run.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    kept.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    trusted = "1" if permissions_of(weights).code else "0"
    kept[TRUST] = trusted
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_COLOR": "1"}


def _hint(said: list[str]) -> str:
    text = "\n".join(said)
    if "BPE pre-tokenizer was not recognized" in text:
        return "llama.cpp knows BPE tokenizers by their hash, and this one is not on its list."
    if "is not supported" in text:
        return (
            "llama.cpp of this version does not know the architecture. A newer llama-cpp-python, "
            f"or a checkout named by ${VARIABLE}, may."
        )
    return "The model can still be measured with the `hf` engine: leave its `gguf:` out."
