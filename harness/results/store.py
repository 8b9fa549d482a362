"""Results: `results/<suite>/`, a folder a cell, and what was found while making the models.

`samples.jsonl` grows by a line an example; `result.json` is written last. A cell is done when
`result.json` is of status `ok` and carries the cell's key.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError
from harness.files import is_file_name, write_atomically, write_json
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.records import Cell, Sample, SpeedRound, Summary
from harness.results.artifacts import Manifest
from harness.results.limits import other_limits
from harness.results.upgrade import OtherVersionError, understood
from harness.results.votes import with_votes


class CellFolder:
    """The files of one cell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples_file = folder / "samples.jsonl"
        self.result_file = folder / "result.json"

    def result(self) -> Cell | None:
        """The cell as it was last written; None where it is missing or damaged."""
        try:
            return Cell.model_validate_json(self.result_file.read_text())
        except (OSError, ValidationError):
            return None

    def is_done(self, key: str) -> bool:
        """Whether this very cell has been answered."""
        result = self.result()
        return result is not None and result.key == key and result.status == "ok"

    def samples(self, key: str) -> list[Sample]:
        """The samples that belong to a key, by index; a line cut off by a crash is passed over."""
        try:
            lines = self.samples_file.read_text().split("\n")
        except OSError:
            return []
        found: dict[int, Sample] = {}
        for line in lines:
            try:
                sample = Sample.model_validate_json(line)
            except ValidationError:
                continue
            if sample.key == key:
                found[sample.index] = sample
        return [found[index] for index in sorted(found)]

    def start(self, kept: Sequence[Sample]) -> None:
        """Makes the folder ready for appending: only these samples, and no result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.result_file.unlink(missing_ok=True)
        write_atomically(self.samples_file, "".join(f"{s.model_dump_json()}\n" for s in kept))

    def rounds(self, key: str) -> dict[int, SpeedRound]:
        """The finished rounds of a timed cell, by number; those whose samples are not all there,
        or that belong to another key, are passed over."""
        counts = Counter(sample.data.get("round") for sample in self.samples(key))
        found: dict[int, SpeedRound] = {}
        for file in self.folder.glob("round-*.json"):
            try:
                one = SpeedRound.model_validate_json(file.read_text())
            except (OSError, ValidationError):
                continue
            if one.key == key and counts[one.number] == one.samples:
                found[one.number] = one
        return found

    def has_round(self, step: Step) -> bool:
        """Whether a round of a timed cell is finished."""
        params = step.given(CellParams)
        return params.round in self.rounds(params.cell)

    def keep_round(self, one: SpeedRound) -> None:
        """Writes that a round is finished, atomically."""
        write_json(self.folder / f"round-{one.number}.json", one.model_dump(mode="json"))

    def finish(self, cell: Cell) -> None:
        """Writes the result, atomically."""
        write_json(self.result_file, cell.model_dump(mode="json"))


class ResultsStore:
    """The results of one suite."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary_file = folder / "summary.json"

    def cell(self, model: str, task: str) -> CellFolder:
        """The folder of a cell, whether it is there or not."""
        return CellFolder(self.folder.joinpath("cells", model, task))

    def keep(self, manifest: Manifest) -> None:
        """Keeps what a step found beside the cells, so that results stand without artifacts."""
        write_json(self._step_file(manifest.key), asdict(manifest))

    def kept(self, step: Step) -> Manifest | None:
        """What `keep` kept."""
        try:
            return Manifest(**json.loads(self._step_file(step.key).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def all_kept(self) -> list[Manifest]:
        """All that `keep` kept, of older plans too."""
        found = []
        for file in sorted(self.folder.glob("steps/*.json")):
            try:
                found.append(Manifest(**json.loads(file.read_text())))
            except (OSError, ValueError, TypeError):
                continue
        return found

    def keep_texts(self, task: str, texts: str) -> None:
        """Keeps the texts that a task asks about: a JSON object by example id."""
        write_atomically(self._texts_file(task), texts)

    def texts(self, task: str) -> dict[str, str]:
        """The texts that a task asks about, by example id; empty where none were kept."""
        try:
            return dict(json.loads(self._texts_file(task).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _texts_file(self, task: str) -> Path:
        return self.folder / "texts" / f"{task}.json"

    def _step_file(self, key: str) -> Path:
        return self.folder / "steps" / f"{key[:24]}.json"

    def forget_except(self, models_and_tasks: set[tuple[str, str]]) -> None:
        """Deletes the cells of models and tasks that the suite no longer has."""
        here = self.folder.resolve()
        for folder in sorted(self.folder.glob("cells/*/*")):
            inside = folder.resolve().is_relative_to(here)  # a stranger's folder may hold links
            if inside and (folder.parent.name, folder.name) not in models_and_tasks:
                shutil.rmtree(folder)

    def summary(self) -> Summary | None:
        """The summary as it was last written."""
        try:
            return Summary.model_validate_json(self.summary_file.read_text())
        except (OSError, ValidationError):
            return None

    def write_summary(self, summary: Summary) -> None:
        """Writes `summary.json`, atomically."""
        write_json(self.summary_file, summary.model_dump(mode="json", by_alias=True))


WRITE_ANEW = (
    "`harness run SUITE` writes the summary anew from the answers that are there, and asks no model "
    "again. Of a baseline: run its suite, and save it with --replace."
)


def _where_else(path: Path) -> str:
    """Where a summary may stand that is not at a path."""
    limited = [folder for folder in other_limits(path) if (folder / "summary.json").is_file()]
    if limited:
        return f"Of the same suite there is {', '.join(map(str, limited))}."
    return "Give results/<suite>, where `harness run` wrote its summary.json."


def read_summary(path: Path, *, any_names: bool = False) -> Summary:
    """The summary in a results folder, or in the file itself, with the votes that lie beside it.

    Args:
        path: of either.
        any_names: whether its names may be any texts, since none of them becomes part of a path.

    Raises:
        InputError: there is none, it is not one, another version wrote it and it cannot be
            upgraded, or it holds a name that would lead out of its folder.
    """
    file = path / "summary.json" if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"{file}: there is no summary here", _where_else(path)) from None
    except ValueError as error:
        raise InputError(f"{file}: not a summary: {error}", WRITE_ANEW) from None
    try:
        summary = with_votes(understood(data if isinstance(data, dict) else {}), file.parent)
    except OtherVersionError as error:
        raise InputError(
            f"{file}: written by another version of harness: {error}", WRITE_ANEW
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{file}: not a summary of this version of harness: {place}: {first['msg']}",
            WRITE_ANEW,
        ) from None
    strange = None if any_names else _strange_name(summary)
    if strange is not None:
        raise InputError(
            f"{file}: {strange} is no name that can be part of a path",
            "Names have letters, digits and . _ + - @; somebody else has written this summary.",
        )
    return summary


def _strange_name(summary: Summary) -> str | None:
    """The first name that a path must not be made of, with what it names."""
    named: list[tuple[str, Iterable[str]]] = [
        ("suite", [str(summary.suite.get("name", ""))]),
        ("model", [*summary.models, *(cell.model for cell in summary.cells)]),
        ("task", [*summary.tasks, *(cell.task for cell in summary.cells)]),
    ]
    return next(
        (f"{kind} {name!r:.80}" for kind, of in named for name in of if not is_file_name(name)),
        None,
    )
