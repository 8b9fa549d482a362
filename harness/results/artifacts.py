"""Artifacts: the files that models are made into, by the key of the step that made them.

`$HARNESS_HOME/artifacts/<kind>/<key>/` holds the files and `manifest.json`, which names the
step's parameters, its parents' keys, what came of it, and size and hash of each file. A folder appears
whole or not at all; one that does not hold what its manifest says is no artifact, and is made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from harness.errors import BadModelError
from harness.files import put_in_place, scratch_beside, scratch_of
from harness.locks import Waits, held, held_if_free
from harness.marks import FileMark, fault_of, files_in, marks_in
from harness.plan.params import SourceParams
from harness.plan.places import Places
from harness.plan.steps import Step
from harness.results.broken import first_broken
from harness.results.damage import Damaged
from harness.sealed import ChangedError, read_sealed, sealed_text, write_sealed

TEXTS = "texts.json"
"""The file beside prompts that holds the texts that are asked, by id, for whoever shows answers."""


MANIFEST = "manifest.json"
LOCKED = ("artifacts", "work")
"""Folders of a home in which each artifact has a lock, which says who is at work there."""
AGAIN = "it is made again"
MISSING = "missing"
"""The key of an outcome that names the inputs which a check had to do without."""


@dataclass(frozen=True)
class Manifest:
    """What an artifact is and how it came about."""

    key: str
    kind: str
    label: str
    params: dict[str, Any]
    parents: dict[str, str]
    created: str
    seconds: float
    outcome: dict[str, Any]
    """What the step found: the training's record, the prompts' hash, the parity."""
    files: dict[str, FileMark] | None = None
    """By name in the folder; None where an earlier version made it, and in copies beside results."""

    @property
    def whole(self) -> bool:
        """Whether all was there that the step looks at, so that it need not be done again."""
        return MISSING not in self.outcome

    @property
    def make(self) -> str:
        """Which make it is of those that one step can have: when it was made, and how long that took."""
        return f"{self.created} {self.seconds!r}"

    def is_alike(self, other: Manifest) -> bool:
        """Whether both are of the same files, whoever wrote them when."""
        mine, others = self.files or {}, other.files or {}
        hashes = {name: of.sha256 for name, of in mine.items()}
        return hashes == {name: of.sha256 for name, of in others.items()}

    def data(self) -> dict[str, Any]:
        """As plain data."""
        found = asdict(self)
        return {
            name: value for name, value in found.items() if name != "files" or value is not None
        }

    @classmethod
    def read(cls, file: Path) -> Manifest:
        """The manifest in a file.

        Raises:
            FileNotFoundError: there is none.
            ChangedError: it is none, or not what was written.
        """
        return cls.of(read_sealed(file).data)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Manifest:
        """The manifest of what `data` gave.

        Raises:
            ChangedError: it is none.
        """
        try:
            files = data.pop("files", None)
            marks = None if files is None else {n: FileMark.of(of) for n, of in files.items()}
            manifest = cls(**data, files=marks)
            if not isinstance(manifest.outcome, dict) or not isinstance(manifest.parents, dict):
                raise ValueError
        except (TypeError, ValueError, AttributeError):
            raise ChangedError("is not what was written into it") from None
        return manifest


class Elsewhere(Protocol):
    """Artifacts that other machines made, and this one can have."""

    def manifest(self, step: Step) -> Manifest | None:
        """Of one that is there."""

    def bring(self, step: Step) -> Manifest | None:
        """The same, with its files in their folder here, where they are wanted here."""

    @property
    def damaged(self) -> Damaged:
        """What was found there not to be what was put there."""


class ArtifactStore:
    """The artifacts on this machine, shared by all suites, and those that it can have from elsewhere."""

    def __init__(
        self, home: Path, places: Places | None = None, elsewhere: Elsewhere | None = None
    ) -> None:
        """Prepares a store; `places` say where files lie that nobody made."""
        self.home = home
        self.places = places or Places()
        self.elsewhere = elsewhere
        self.damaged = elsewhere.damaged if elsewhere is not None else Damaged()

    def folder(self, step: Step) -> Path:
        """The folder where the step's artifact is, or would be."""
        return self.home / "artifacts" / step.kind / step.key

    def work(self, step: Step) -> Path:
        """The folder for what is to outlive the step's process; it goes when the step is committed."""
        return self.home / "work" / step.key

    def file(self, step: Step) -> Path:
        """What a step that has this one as its parent reads."""
        if step.kind == "source":
            return self.places.file(step.given(SourceParams).contents)
        if step.kind == "fetch" and (fetched := self.here(step)) is not None:
            return Path(fetched.outcome["path"])
        return self.folder(step) / step.row.file

    def manifest(self, step: Step, *, thoroughly: bool = False) -> Manifest | None:
        """The artifact's manifest, or None where it has not been made, or is not what was made.

        Args:
            step: that makes it.
            thoroughly: whether its files are read, too, although their sizes and times are the same;
                from elsewhere they are brought here. What others have of it goes before another make of it
                that lies here.
        """
        found = self.here(step, thoroughly)
        there = self.elsewhere.manifest(step) if self.elsewhere is not None else None
        if self.elsewhere is None or there is None or (found and found.is_alike(there)):
            return found
        return self.elsewhere.bring(step) if thoroughly else there

    def here(self, step: Step, thoroughly: bool = False) -> Manifest | None:
        """The same of those alone whose files are on this machine."""
        folder = self.folder(step)
        file = folder / MANIFEST
        try:
            manifest = Manifest.read(file)
        except FileNotFoundError:
            return None
        except ChangedError as error:
            self.damaged.note(file, str(error), AGAIN)
            return None
        if manifest.key != step.key:
            self.damaged.note(file, "is of another step", AGAIN)
            return None
        fault = next(_faults(folder, manifest, thoroughly), None)
        if fault is not None:
            self.damaged.note(*fault, AGAIN)
            return None
        if step.kind == "fetch" and not Path(str(manifest.outcome.get("path"))).exists():
            return None
        return manifest

    def look_through(self, step: Step) -> None:
        """Reads the files of an artifact that is about to be used; a damaged one is none from then on.

        One that an earlier version made, which noted no hashes, is taken as it stands where its files
        are whole as their kinds go, and is held to them from now on.
        """
        manifest = self.manifest(step, thoroughly=True)
        folder = self.folder(step)
        if manifest is None or not folder.is_dir():
            return
        if manifest.files != (marks := marks_in(folder, MANIFEST)):
            write_sealed(folder / MANIFEST, replace(manifest, files=marks).data())

    def hold(self, steps: Iterable[Step]) -> None:
        """Takes all artifacts that an earlier version made as they stand, so that they are held to it."""
        for step in steps:
            if step.row.is_artifact and not step.row.in_place:
                found = self.here(step)
                if found is not None and found.files is None:
                    self.look_through(step)

    @contextmanager
    def making(
        self, step: Step, doing: str = "", waits: Waits = lambda who: None, replaces: str = ""
    ) -> Iterator[Path | None]:
        """A folder to make an artifact in; None where another process has made it meanwhile.

        What is in the folder becomes the artifact by `commit`; otherwise it is deleted. So is what a process
        left that died while it made this one.

        Args:
            step: that makes it.
            doing: who wants it, for those who wait for it.
            waits: is told who is making it already.
            replaces: the make that does not count, although it is whole (`Manifest.make`). It stays for others
                until another takes its place.
        """
        folder = self.folder(step)
        with held(folder.with_suffix(".lock"), doing or step.label, waits):
            for left in scratch_of(folder):
                shutil.rmtree(left, ignore_errors=True)
            found = self.here(step, thoroughly=True)
            if found is not None and found.whole and found.make != replaces:
                yield None
                return
            with scratch_beside(folder) as scratch:
                yield scratch

    def forget_work(self, step: Step) -> None:
        """Deletes what a process that made an artifact left where it worked, and beside it, unless one is at work."""
        folder = self.folder(step)
        with held_if_free(folder.with_suffix(".lock"), "clearing up") as is_free:
            if is_free:
                for left in (self.work(step), *scratch_of(folder)):
                    shutil.rmtree(left, ignore_errors=True)

    def commit(self, step: Step, scratch: Path, outcome: dict[str, Any], seconds: float) -> None:
        """Makes the folder the step's artifact."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            step.key,
            step.kind,
            step.label,
            step.params.identity(),
            step.parents,
            created,
            seconds,
            outcome,
            marks_in(scratch, MANIFEST),
        )
        (scratch / MANIFEST).write_text(sealed_text(manifest.data()), encoding="utf-8")
        put_in_place(scratch, self.folder(step))
        shutil.rmtree(self.work(step), ignore_errors=True)


def check_artifact(folder: Path) -> None:
    """Reads the files of an artifact that is about to be opened by its folder.

    Raises:
        BadModelError: they are not those that were made.
    """
    file = folder / MANIFEST
    try:
        found = next(_faults(folder, Manifest.read(file), thoroughly=True), None)
    except FileNotFoundError:
        found = file, "is missing"
    except ChangedError as error:
        found = file, str(error)
    if found is not None:
        raise BadModelError(
            f"{found[0]} {found[1]}", "Run the suite that made it: what it is is then made again."
        )


def half_made(home: Path) -> Iterator[tuple[Path, Path | None]]:
    """What stands beside the artifacts of a home that is none: half-made ones, and what was set aside while it is
    made again; each with the lock that whoever is at work there holds, where there is one."""
    for path in (home / "artifacts").glob("*/.*"):
        key = path.name[1:].split(".")[0]
        yield path, next(iter(path.parent.glob(f"{key}*.lock")), None)


def _faults(folder: Path, manifest: Manifest, thoroughly: bool) -> Iterator[tuple[Path, str]]:
    """What does not fit an artifact's manifest: a file and what is wrong with it."""
    if manifest.files is None:
        broken = first_broken(folder, files_in(folder)) if thoroughly else None
        yield from () if broken is None else (broken,)
        return
    for name, mark in manifest.files.items():
        fault = fault_of(folder / name, mark, thoroughly)
        if fault:
            yield folder / name, fault
    for name in sorted(files_in(folder) - {*manifest.files, MANIFEST}):
        yield folder / name, "is none of the files that were made"
