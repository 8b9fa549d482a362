"""`harness init`: a commented suite to start from."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from harness.errors import InputError


def write_suite(file: Path) -> int:
    """Writes the suite; never over a file that is there. Returns the exit code."""
    text = resources.files("harness.suite").joinpath("starting-point.yaml").read_text()
    name = "".join(c if c.isalnum() or c in "._+-" else "-" for c in file.stem).lstrip("._+-")
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text.replace("name: my-suite", f"name: {name or 'my-suite'}"))
    except FileExistsError:
        raise InputError(f"{file}: this file is there already", "Give another name.") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    print(f"Wrote {file}. See what it would do: harness plan {file}")
    return 0
