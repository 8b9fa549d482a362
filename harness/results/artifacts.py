"""Artifacts: the files that models are made into, by the key of the step that made them.

`$HARNESS_HOME/artifacts/<kind>/<key>/` holds the files and `manifest.json`, which names the
step's parameters, its parents' keys, and what came of it. A folder appears whole or not at all.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.files import put_in_place, write_json
from harness.locks import Waits, held
from harness.plan.params import SourceParams
from harness.plan.places import Places
from harness.plan.steps import Step

TEXTS = "texts.json"
"""The file beside prompts that holds the texts that are asked, by id, for whoever shows answers."""


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

    @property
    def whole(self) -> bool:
        """Whether all was there that the step looks at, so that it need not be done again."""
        return MISSING not in self.outcome


class ArtifactStore:
    """The artifacts on this machine, shared by all suites."""

    def __init__(self, home: Path, places: Places | None = None) -> None:
        """Prepares a store; `places` say where files lie that nobody made."""
        self.home = home
        self.places = places or Places()

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
        if step.kind == "fetch" and (fetched := self.manifest(step)) is not None:
            return Path(fetched.outcome["path"])
        return self.folder(step) / step.row.file

    def manifest(self, step: Step) -> Manifest | None:
        """The artifact's manifest, or None where it has not been made (or was damaged)."""
        try:
            found = json.loads((self.folder(step) / "manifest.json").read_text())
            manifest = Manifest(**found)
        except (OSError, ValueError, TypeError):
            return None
        if step.kind == "fetch" and not Path(manifest.outcome["path"]).exists():
            return None
        return manifest if manifest.key == step.key else None

    @contextmanager
    def making(
        self, step: Step, doing: str = "", waits: Waits = lambda who: None
    ) -> Iterator[Path | None]:
        """A folder to make an artifact in; None where another process has made it meanwhile.

        What is in the folder becomes the artifact by `commit`; otherwise it is deleted. So is what a process
        left that died while it made this one.

        Args:
            step: that makes it.
            doing: who wants it, for those who wait for it.
            waits: is told who is making it already.
        """
        folder = self.folder(step)
        with held(folder.with_suffix(".lock"), doing or step.label, waits):
            for left in folder.parent.glob(f".{step.key[:12]}.*"):
                shutil.rmtree(left, ignore_errors=True)
            found = self.manifest(step)
            if found is not None and found.whole:
                yield None
                return
            scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{step.key[:12]}."))
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

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
        )
        write_json(scratch / "manifest.json", asdict(manifest))
        put_in_place(scratch, self.folder(step))
        shutil.rmtree(self.work(step), ignore_errors=True)
