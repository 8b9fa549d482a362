"""Templates: the ones that come with harness, and folders of a user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined

from harness.assignment.filled import filled
from harness.errors import InputError
from harness.nearest import nearest
from harness.sandbox import Sandbox

BUILT_IN = Path(__file__).parent / "built_in"
SUITE, REPORT, CRITERIA = "suite.yaml", "report.md.j2", "criteria.yaml"
EITHER = "assignment"
"""The name that stands for the built-in template which fits the results."""
FILES = "A template is a folder that holds report.md.j2 and criteria.yaml."


_LINE = re.compile(r"^[ \t]*#%(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Template:
    """A folder with the files of a template."""

    folder: Path

    def text(self, name: str) -> str:
        """One of its files.

        Raises:
            InputError: it is not there, or cannot be read.
        """
        file = self.folder / name
        try:
            return file.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise InputError(f"{file}: there is no such file", FILES) from None
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}", FILES) from None
        except UnicodeDecodeError:
            raise InputError(f"{file}: this is no text in UTF-8", "Save it as UTF-8.") from None


def built_in() -> list[str]:
    """Names of the templates that come with harness."""
    return sorted(folder.name for folder in BUILT_IN.iterdir() if (folder / REPORT).is_file())


def find(name: str, fine_tuned: bool = False) -> Template:
    """The template of a name, or in a folder.

    Args:
        name: of one that comes with harness, `assignment` for the one that fits, or a folder.
        fine_tuned: whether the results have a fine-tuned model, which is what the second assignment wants.

    Raises:
        InputError: there is none.
    """
    if name == EITHER:
        name = "assignment-2" if fine_tuned else "assignment-1"
    if name in built_in():
        return Template(BUILT_IN / name)
    if Path(name).is_dir():
        return Template(Path(name))
    raise InputError(
        f"--template {name}: there is no such template and no such folder",
        f"{nearest(name, [*built_in(), EITHER])} {FILES}",
    )


def suite_text(template: Template, model: str | None) -> str:
    """The template's suite; lines that begin with `#%` say for which model others are meant.

    Args:
        template: whose `suite.yaml` it is.
        model: the model that is asked for; None for the one that the template names. In the text stays
            `MODEL` in its place.

    Raises:
        InputError: there is no such file, or its `#%` lines are wrong.
    """
    file = template.folder / SUITE
    # prompts of a suite are {{ templates }} of their own: here nothing but `#%` lines means anything
    environment = Sandbox(
        undefined=StrictUndefined,
        block_start_string="\x00{",
        block_end_string="}\x00",
        variable_start_string="\x01{",
        variable_end_string="}\x01",
        comment_start_string="\x02{",
        comment_end_string="}\x02",
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    asked = model or ""
    values = {
        "model": asked,
        "gguf": asked.lower().endswith(".gguf"),
        "starter": asked == "starter",
    }
    # not Jinja's own line statements, which swallow the blank lines around them
    text = _LINE.sub("\x00{\\1}\x00", template.text(SUITE))
    return filled(environment, text, values, str(file), lambda: None)[0]
