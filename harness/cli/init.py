"""`harness init`: a commented suite to start from."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml

from harness.assignment.templates import CRITERIA, REPORT, SUITE, Template, find, suite_text
from harness.cli.consoles import output_console, say
from harness.errors import InputError
from harness.suite.hub import hub_place


def write_suite(file: Path | None, model: str | None = None, template: str | None = None) -> int:
    """Writes the suite; never over a file that is there. Returns the exit code.

    Args:
        file: where the suite is written; of a template a folder, too, for the suite and its other files.
        model: a folder or GGUF file, relative to the current folder, or what the Hub calls it; None
            for the starter, or for what the template names.
        template: of an assignment: its name, or a folder.

    Raises:
        InputError: the file is there, cannot be written, or there is no such model or template.
    """
    if template is None:
        written = _write(file or Path("suite.yaml"), *_starting_point(model, file))
    else:
        written = _write_template(file, model, find(template))
    say(
        output_console(),
        f"Wrote {written}. See what it would do: harness plan {shlex.quote(str(written))}",
    )
    return 0


def _write_template(file: Path | None, model: str | None, template: Template) -> Path:
    """The suite of a template; where a folder is named, its report and criteria beside it."""
    place = file or Path(f"{template.folder.name}.yaml")
    whole = place.suffix not in (".yaml", ".yml")
    suite = place / SUITE if whole else place
    text = suite_text(template, model)
    if (model or "").lower().endswith(".gguf") and "source: MODEL" in text:
        raise InputError(
            f"--model {model}: a GGUF file cannot be fine-tuned",
            "Give the model's folder, or ORG/NAME on the Hub.",
        )
    name = model if model == "starter" else _named(model, suite.parent)[1] if model else ""
    others = {place / one: template.text(one) for one in (REPORT, CRITERIA) if whole}
    there = next((one for one in [suite, *others] if one.exists()), None)
    if there is not None:
        raise _there(there)
    if whole:
        _make_folder(place)
    _write(suite, text, name, place.name if whole else suite.stem)
    for one, content in others.items():
        _create(one, content)
    return suite


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from None


def _write(file: Path, text: str, model: str, name: str = "") -> Path:
    """Writes a suite, with the names in it that it is told."""
    given = name or file.stem
    safe = "".join(c if c.isalnum() or c in "._+-" else "-" for c in given).lstrip("._+-")
    name = safe or "my-suite"
    text = text.replace("name: my-suite", f"name: {name}")
    for word, value in ((" FILE", shlex.quote(str(file))), (" RESULTS", f"results/{name}")):
        text = text.replace(word, f" {value}")
    return _create(file, text.replace("MODEL}", model + "}").replace("MODEL,", model + ","))


def _create(file: Path, text: str) -> Path:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise _there(file) from None
    except OSError as error:
        with suppress(OSError):
            file.unlink()  # it was made just now, and holds half of the text at most
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    return file


def _there(file: Path) -> InputError:
    return InputError(f"{file}: this file is there already", "Give another name.")


def _starting_point(model: str | None, file: Path | None) -> tuple[str, str]:
    """The text to begin with, and the model as that suite names it."""
    template, name = "starting-point.yaml", ""
    if model is not None and model != "starter":
        kind, name = _named(model, (file or Path("suite.yaml")).parent)
        template = "of-a-gguf.yaml" if kind == "gguf" else "of-a-model.yaml"
    return resources.files("harness.suite").joinpath(template).read_text(encoding="utf-8"), name


def _named(model: str, folder: Path) -> tuple[Literal["gguf", "weights"], str]:
    """What a model is, and how a suite in a folder names it."""
    what: Literal["gguf", "weights"] = "gguf" if model.lower().endswith(".gguf") else "weights"
    here = Path(model).expanduser()
    if here.exists():
        return what, _quoted(os.path.relpath(here, folder))
    if hub_place(what, model, None, Path()) is None:
        raise InputError(
            f"--model {model}: there is no such file or folder, and the Hub has no such names",
            "Give a folder, a .gguf file, ORG/NAME, or ORG/REPO/FILE.gguf.",
        )
    return what, _quoted(model)


def _quoted(text: str) -> str:
    """A text as a value of YAML within braces."""
    return yaml.safe_dump([text], default_flow_style=True, width=10_000, allow_unicode=True)[1:-2]
