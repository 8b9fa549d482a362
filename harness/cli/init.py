"""`harness init`: a commented suite to start from."""

from __future__ import annotations

import os
import shlex
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml

from harness.errors import InputError
from harness.suite.hub import hub_place


def write_suite(file: Path, model: str | None = None) -> int:
    """Writes the suite; never over a file that is there. Returns the exit code.

    Args:
        file: where the suite is written.
        model: a folder or GGUF file, relative to the current folder, or what the Hub calls it; None
            for the starter.

    Raises:
        InputError: the file is there, cannot be written, or there is no such model.
    """
    template, source = _template(model, file.parent)
    text = resources.files("harness.suite").joinpath(template).read_text(encoding="utf-8")
    name = "".join(c if c.isalnum() or c in "._+-" else "-" for c in file.stem).lstrip("._+-")
    named = shlex.quote(str(file))
    text = text.replace("name: my-suite", f"name: {name or 'my-suite'}").replace(
        " FILE", f" {named}"
    )
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text.replace("MODEL}", source + "}"))
    except FileExistsError:
        raise InputError(f"{file}: this file is there already", "Give another name.") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    print(f"Wrote {file}. See what it would do: harness plan {named}")
    return 0


def _template(model: str | None, folder: Path) -> tuple[str, str]:
    """The suite to begin with, and the model as that suite names it."""
    if model is None or model == "starter":
        return "starting-point.yaml", ""
    template = "of-a-gguf.yaml" if model.lower().endswith(".gguf") else "of-a-model.yaml"
    here = Path(model).expanduser()
    if here.exists():
        return template, _quoted(os.path.relpath(here, folder))
    what: Literal["gguf", "weights"] = "gguf" if template == "of-a-gguf.yaml" else "weights"
    if hub_place(what, model, None, Path()) is None:
        raise InputError(
            f"--model {model}: there is no such file or folder, and the Hub has no such names",
            "Give a folder, a .gguf file, ORG/NAME, or ORG/REPO/FILE.gguf.",
        )
    return template, _quoted(model)


def _quoted(text: str) -> str:
    """A text as a value of YAML within braces."""
    return yaml.safe_dump([text], default_flow_style=True, width=10_000, allow_unicode=True)[1:-2]
