"""`harness export`: results in the formats of other programs."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from harness.cli.consoles import output_console
from harness.cli.outputs import hand_over_json
from harness.errors import InputError
from harness.exports.formats import FORMATS
from harness.exports.results import read_results

EXPORTS = Path("exports")
"""The folder of all exports, unless another place is named."""


def export_results(
    path: Path, to: str, out: Path | None, samples: bool, organization: str, as_json: bool
) -> int:
    """Writes the files of one format, and says what is not in them. Returns the exit code."""
    of = FORMATS[to]
    if samples and not of.answers:
        takes = ", ".join(name for name, one in FORMATS.items() if one.answers)
        raise InputError(f"{to} has no place for answers", f"These formats have: {takes}.")
    results = read_results(path, with_answers=samples, organization=organization)
    place = out or EXPORTS / results.summary.place / of.folder
    try:
        exported = of.export(results, place)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(
            f"--out {place}: {error.filename} is in the way", f"Name another place for {to}."
        ) from None
    if as_json:
        files = [str(file) for file in exported.files]
        hand_over_json({"format": to, "files": files, "notes": list(exported.notes)}, indent=2)
        return 0
    console = output_console(highlight=False, markup=False, emoji=False)
    for file in exported.files:
        console.print(Text(str(file)), soft_wrap=True)
    for note in exported.notes:
        console.print(Text(f"Note: {note}"), soft_wrap=True)
    return 0
