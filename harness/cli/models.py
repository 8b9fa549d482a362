"""`harness models`: a suite's models as files for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.cli.consoles import error_console, output_console, say
from harness.cli.outputs import hand_over_json
from harness.cli.progress import Display
from harness.cli.waiting import waiting
from harness.deploying.wanted import wanted
from harness.deploying.write import check_free, export, keys_of
from harness.errors import InputError
from harness.records import Summary
from harness.records.summary import results_name
from harness.results.store import read_summary
from harness.runner.known import known
from harness.runner.run import Options, prepare_suite
from harness.suite.reader import read_suite


def export_model(
    file: Path,
    model: str,
    out: Path | None,
    types: Sequence[str],
    results: Path,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Makes what is missing and writes the files; 1 where a form could not be made."""
    console = error_console()
    options = Options(results=results, data_dir=data_dir, may_fetch=True)
    with waiting(console, "Looking up what the suite names"):
        suite = read_suite(file, known())
        forms = wanted(suite, model, types, known().gguf_types)
        place = out or Path("exports") / suite.spec.name / model
        check_free(place)
        prepared = prepare_suite(forms.suite, options)
        keys = keys_of(prepared, forms).values()
        prepared.look_through(frozenset(keys))
        todo = prepared.to_make(keys)
    for line in prepared.damaged():
        say(console, f"warning: {line}")
    measured = _measured(results / results_name(suite.spec.name, None), console)
    count = sum(not step.row.in_place for step in todo)
    with Display(console, count, afterwards="Copying the files") as display:
        written = export(prepared, options, display, forms, model, place, measured)
    if as_json:
        left_out = {form: failure.message for form, failure in written.left_out}
        hand_over_json(
            {
                "folder": str(place),
                "files": [path for path, _ in written.files],
                "left_out": left_out,
            }
        )
    else:
        for path, use in written.files:
            say(output_console(), f"{place / path}  {use}")
    for form, failure in written.left_out:
        say(console, f"left out: {form}: {failure.message} {failure.hint}".rstrip())
    # An adapter may be of a kind that llama.cpp does not know; all else can be made of every model.
    return 1 if any(form != forms.lent for form, _ in written.left_out) else 0


def _measured(folder: Path, console: Console) -> Summary | None:
    """What was measured of the suite's models; a summary that cannot be used is left out by name."""
    try:
        return read_summary(folder)
    except InputError as error:
        if (folder / "summary.json").exists():
            say(console, f"warning: nothing that was measured is told: {error.message}")
        return None
