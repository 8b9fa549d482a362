"""Baselines: results that were saved to hold later ones against, here or on another machine.

A baseline is a results folder without its logs and findings: `summary.json`, and for each cell
`result.json` and the samples that belong to it. Any results folder can serve as one.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError
from harness.files import check_inside, put_in_place, scratch_beside
from harness.records import Summary
from harness.results.judge import Baseline, SuiteAnswers, read_answers
from harness.results.proof import require_answers
from harness.results.store import ResultsStore, read_summary
from harness.suite.schema import SuiteSpec

BASELINES = Path("baselines")
"""The folder where baselines are kept unless another folder is named; made to be committed."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def save_baseline(results: Path, name: str, baselines: Path, replace: bool = False) -> Path:
    """Saves results under a name; gives the folder, which appears whole or not at all.

    Args:
        results: results/<suite>.
        name: a folder name, not a path.
        baselines: the folder of all baselines.
        replace: whether one of that name may be replaced.

    Raises:
        InputError: there are no results, a cell of them failed, its answers were changed, or the name cannot be
            used; a link stands in the baseline's place and leads elsewhere.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a baseline",
            "Use letters, digits and . _ + -; --baselines names the folder that it is put into.",
        )
    summary = read_summary(results)
    failed = [f"{cell.model}/{cell.task}" for cell in summary.cells if cell.status == "failed"]
    if failed or not summary.cells:
        reason = f"these cells failed: {', '.join(failed)}" if failed else "there are no cells"
        raise InputError(f"{results}: {reason}", "A baseline is saved from whole results.")
    target = baselines / name
    check_inside(target, baselines)
    if target.exists() and not replace:
        raise InputError(f"{target}: there is a baseline already", "--replace replaces it.")
    with scratch_beside(target) as scratch:
        _copy(results_folder(results), summary, scratch)
        scratch.chmod(0o755)
        put_in_place(scratch, target)
    return target


def _copy(results: Path, summary: Summary, out: Path) -> None:
    require_answers(results, summary)  # or the copy would vouch for those that are left
    store, copy = ResultsStore(results), ResultsStore(out)
    for cell in summary.cells:
        samples = store.cell(cell.model, cell.task).samples(cell.samples_key)
        if not samples:
            raise InputError(
                f"{results}: there are no samples of {cell.model}/{cell.task}",
                "Run the suite again: a later run may have begun to replace them.",
            )
        folder = copy.cell(cell.model, cell.task)
        folder.write_samples(samples)
        folder.finish(cell)
    copy.write_summary(summary)


def find_baseline(name: str, baselines: Path = BASELINES) -> Path:
    """The folder of a baseline, given by name or as a results folder of any other kind.

    Raises:
        InputError: there is none; the message names those that are there.
    """
    for folder in (baselines / name, Path(name)):
        if (folder / "summary.json").is_file():
            return folder
    there = sorted(file.parent.name for file in baselines.glob("*/summary.json"))
    hint = f"There are: {', '.join(there)}." if there else "`harness baseline save` saves one."
    raise InputError(f"there is no baseline {name} in {baselines}, and no results folder", hint)


def read_baseline(folder: Path) -> tuple[Summary, Baseline]:
    """A baseline's summary, and its answers.

    Raises:
        InputError: it is none, or not what was saved.
    """
    summary = read_summary(folder, proven=True)
    return summary, Baseline(f"baseline {folder.name}", answers_in(folder, summary))


def answers_in(results: Path, summary: Summary) -> SuiteAnswers:
    """All answers of a results folder whose summary was read.

    Raises:
        InputError: the summary does not hold its suite, or answers were changed since it was written.
    """
    folder = results_folder(results)
    require_answers(folder, summary)
    store = ResultsStore(folder)
    return read_answers(suite_of(summary, results), store, summary.cells)


def suite_of(summary: Summary, results: Path) -> SuiteSpec:
    """The suite that results were made by, as it was understood then.

    Raises:
        InputError: the summary does not hold it.
    """
    try:
        return SuiteSpec.model_validate(summary.suite["spec"])
    except (KeyError, ValidationError):
        raise InputError(
            f"{results}: the summary does not hold its suite",
            "It was written by another version of harness: run the suite again.",
        ) from None


def results_folder(results: Path) -> Path:
    """The folder that a summary stands in, for a path to either."""
    return results if results.is_dir() else results.parent
