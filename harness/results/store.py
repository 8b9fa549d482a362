"""Results: `results/<suite>/`, a folder a cell, and what was found while making the models.

`samples.jsonl` grows by a line an example; `result.json` is written last. A cell is done when
`result.json` is of status `ok`, carries the cell's key, and the samples are those that it was made of:
what does not fit is asked, or made from the samples, again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from warnings import warn

from pydantic import ValidationError

from harness.errors import HarnessWarning, InputError
from harness.files import is_file_name, synchronise
from harness.plan.cell_params import PartParams
from harness.plan.steps import Step
from harness.records import Summary
from harness.results.artifacts import Manifest
from harness.results.cell_folder import CellFolder
from harness.results.damage import Damaged
from harness.results.limits import other_limits
from harness.results.prompts import keep_prompts
from harness.results.proof import WRITE_ANEW, unproven
from harness.results.strays import check_results
from harness.results.upgrade import OtherVersionError, understood
from harness.results.votes import with_votes
from harness.sealed import SEAL, ChangedError, is_as_sealed, read_sealed, write_sealed

TEXTS = "texts"
KEPT_ANEW = "it is kept anew from what was made"


class ResultsStore:
    """The results of one suite."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary_file = folder / "summary.json"
        self.damaged = Damaged()
        self._kept: set[Path] = set()

    def cell(self, model: str, task: str) -> CellFolder:
        """The folder of a cell, whether it is there or not."""
        return CellFolder(self.folder.joinpath("cells", model, task), self.damaged)

    def of(self, step: Step) -> CellFolder:
        """Where the answers of a step lie: its cell's folder, or that of its part."""
        cell, params = self.cell(step.model, step.task), step.params
        return cell.part(params.part) if isinstance(params, PartParams) else cell

    def keep(self, manifest: Manifest) -> None:
        """Keeps what a step found beside the cells, so that results stand without artifacts."""
        file = self._step_file(manifest.key)
        write_sealed(file, replace(manifest, files=None).data(), lasting=False)
        self._kept.add(file)

    def kept(self, step: Step) -> Manifest | None:
        """What `keep` kept."""
        return self._read_kept(self._step_file(step.key))

    def _read_kept(self, file: Path) -> Manifest | None:
        try:
            return Manifest.read(file)
        except FileNotFoundError:
            return None
        except ChangedError as error:
            self.damaged.note(file, str(error), KEPT_ANEW)
            return None

    def all_kept(self) -> list[Manifest]:
        """All that `keep` kept, of older plans too."""
        found = map(self._read_kept, sorted(self.folder.glob("steps/*.json")))
        return [manifest for manifest in found if manifest is not None]

    def look_through(self) -> None:
        """Reads what was kept beside the cells, so that what is damaged of it is known."""
        for file in sorted(self.folder.glob("steps/*.json")):
            self._read_kept(file)
        for file in sorted(
            (*self.folder.glob("prompts/*.json"), *self.folder.glob("texts/*.json"))
        ):
            try:
                read_sealed(file)
            except (OSError, ChangedError) as error:
                self.damaged.note(file, str(error), KEPT_ANEW)

    def keep_texts(self, task: str, texts: Mapping[str, str]) -> None:
        """Keeps the texts that a task asks about, by example id."""
        file = self._texts_file(task)
        if self.texts(task) != texts:
            write_sealed(file, {TEXTS: dict(texts)}, lasting=False)
            self._kept.add(file)

    def keep_prompts(self, made: Path) -> None:
        """Keeps the texts of a set of prompts, whose artifact is in a folder."""
        self._kept.update(keep_prompts(self.folder, made))

    def texts(self, task: str) -> dict[str, str]:
        """The texts that a task asks about, by example id; empty where none were kept."""
        try:
            found = read_sealed(self._texts_file(task))
            return dict(found.data[TEXTS] if found.sealed else found.data)
        except (OSError, ValueError, KeyError, TypeError):
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
        """The summary as this version wrote it; None where it is missing or was changed since."""
        try:
            found = read_sealed(self.summary_file)
            return Summary.model_validate(found.data) if found.sealed else None
        except FileNotFoundError:
            return None
        except ValidationError:
            fault = "is no summary of this version of harness"
        except ChangedError as error:
            fault = str(error)
        self.damaged.note(self.summary_file, fault, "it is written anew from the results")
        return None

    def write_summary(self, summary: Summary) -> None:
        """Writes `summary.json`, atomically, once all that was kept beside the cells is on disk.

        Until then what was kept is made anew from the artifacts, should the power be cut.
        """
        kept = [file for file in self._kept if file.is_file()]
        synchronise(*kept, *{file.parent for file in kept})
        self._kept.clear()
        write_sealed(self.summary_file, summary.model_dump(mode="json", by_alias=True))


def _where_else(path: Path) -> str:
    """Where a summary may stand that is not at a path."""
    limited = [folder for folder in other_limits(path) if (folder / "summary.json").is_file()]
    if limited:
        return f"Of the same suite there is {', '.join(map(str, limited))}."
    return "Give results/<suite>, where `harness run` wrote its summary.json."


def read_summary(path: Path, *, any_names: bool = False, proven: bool = False) -> Summary:
    """The summary in a results folder, or in the file itself, with the votes that lie beside it.

    Args:
        path: of either.
        any_names: whether its names may be any texts, since none of them becomes part of a path.
        proven: whether what nobody can hold it against is a reason to refuse it, and not only to warn.

    Raises:
        InputError: there is none, it is not one, another version wrote it and it cannot be
            upgraded, it holds a name that would lead out of its folder, or a link beside it does; it was
            changed since it was written, and the results beside it tell so; or it has to be proven and is not.

    Warns:
        HarnessWarning: it cannot be held against results, or they are newer, or were changed.
    """
    file = path / "summary.json" if path.is_dir() else path
    check_results(file.parent)
    try:
        content = file.read_bytes()
        data = json.loads(content.decode("utf-8"))
    except OSError:
        raise InputError(f"{file}: there is no summary here", _where_else(path)) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not a summary: {error}", WRITE_ANEW) from None
    has_seal = isinstance(data, dict) and data.pop(SEAL, None) is not None
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
    against = unproven(file, summary, is_as_sealed(content) if has_seal else None)
    if against and proven:
        raise InputError(f"{file} {against}: nothing is judged by that", WRITE_ANEW)
    if against:
        warn(f"{file} {against}.", HarnessWarning, stacklevel=2)
    return summary.model_copy(update={"unproven": against})


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
