"""Looks up what one name stands for: the Hub is asked, files are read, functions are called, once.

Nothing heavy is imported here, so that `harness plan` and a run with nothing to do answer at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.data.instruction_refs import files_of, key_of, open_instructions
from harness.data.instructions import without_tested
from harness.data.opening import open_data, tested_elsewhere
from harness.data.readings import Reading
from harness.errors import AbsentDataError, BadModelError, HarnessError, OfflineError
from harness.files import write_json
from harness.hub.records import RepoType
from harness.metrics.code import code_key
from harness.models.sources import fingerprint_file, fingerprint_folder
from harness.plan.data import DataRef, InstructionRef
from harness.records import DataReading
from harness.resolve.locating import locate
from harness.resolve.readings import reading_of
from harness.software import package_version
from harness.suite.metrics import MetricRef

READING = "1"
"""Raised when data sets come to be read in another way, or more is noted of it."""
LOOKING = "1"
"""Raised when instructions come to be held against what is tested in another way."""


class Lookups:
    """Asks this machine and the Hub, for each thing once."""

    def __init__(
        self,
        home: Path,
        data_dir: Path | None = None,
        may_fetch: bool = False,
        provisional: bool = False,
    ) -> None:
        """Prepares to look up (`harness.resolve.resolver.resolve`)."""
        self._home, self._data_dir = home, data_dir
        self._may_fetch, self._provisional = may_fetch, provisional
        self._commits: dict[tuple[str, str, RepoType], str] = {}
        self._located: dict[str, DataRef] = {}
        self._keys: dict[str, str] = {}
        self._absent: dict[str, None] = {}

    def version(self, package: str) -> str:
        """The installed version of a package, or "missing"."""
        return package_version(package)

    def fingerprint(self, path: Path) -> str:
        """Of a model folder or file; one that holds no model gets its own, and fails later."""
        try:
            if path.is_dir():
                return fingerprint_folder(path, self._home)
            return fingerprint_file(path, self._home)
        except BadModelError:
            return f"no model in {path}"

    def _sha256(self, path: Path) -> str:
        """Of a file; "" of one that cannot be read, which whoever reads it says."""
        try:
            return fingerprint_file(path, self._home)
        except (BadModelError, OSError):
            return ""

    def commit(self, repo: str, revision: str, repo_type: RepoType = "model") -> str:
        """Asks the Hub, or takes what it last said; what is wrong is said when files are fetched."""
        asked = (repo, revision, repo_type)
        if asked not in self._commits:
            self._commits[asked] = self._commit(*asked)
        return self._commits[asked]

    def _commit(self, repo: str, revision: str, repo_type: RepoType) -> str:
        from harness.hub.client import resolve

        try:
            return resolve(repo, revision, self._home, repo_type=repo_type)
        except HarnessError:
            return ""

    def metric_key(self, ref: MetricRef) -> str:
        """Over the contents of the code, and versions of the packages that it imports."""
        return code_key(ref)

    def located(self, ref: DataRef) -> DataRef:
        """With what it takes from the Hub fetched, and what a function gives written down."""
        name = json.dumps(ref, sort_keys=True)
        if name not in self._located:
            self._located[name] = self._locate(ref)
        return self._located[name]

    def _locate(self, ref: DataRef) -> DataRef:
        try:
            return locate(ref, self._home, self._may_fetch)
        except (AbsentDataError, OfflineError):
            if not self._provisional:
                raise
            self._absent[str(ref["name"])] = None
            return ref

    def dataset_key(self, ref: DataRef) -> str:
        """SHA-256 of a data set's contents and of the way it is put to a model."""
        name = json.dumps(ref, sort_keys=True)
        if name not in self._keys:
            self._keys[name] = self._dataset_key(ref)
        return self._keys[name]

    def _dataset_key(self, ref: DataRef) -> str:
        try:
            info = open_data(ref, self._may_fetch)
            contents = info.fingerprint(self._sha256)
            phrasing = json.dumps([info.phrasing.instruction, info.phrasing.plain])
            return hashlib.sha256(f"{contents}\0{phrasing}".encode()).hexdigest()
        except AbsentDataError:
            if not self._provisional:
                raise
            self._absent[str(ref["name"])] = None
            return _for_the_time_being(ref)

    def reading(self, ref: DataRef) -> DataReading | None:
        """What was read of a data set, remembered by its contents; None where it has yet to be fetched.

        Raises:
            InputError, BadDataError: it cannot be read as the suite says.
        """
        return self._remembered(ref, self.dataset_key(ref), lambda: open_data(ref).load().reading)

    def instructions_reading(self, ref: InstructionRef) -> DataReading | None:
        """The same of instructions."""
        key = self.instructions_key(ref)
        return self._remembered(ref, key, lambda: open_instructions(ref).reading)

    def _remembered(
        self, ref: DataRef, key: str, read: Callable[[], Reading]
    ) -> DataReading | None:
        named = "\0".join([READING, str(ref["name"]), key])
        memory = self._home / "readings" / f"{hashlib.sha256(named.encode()).hexdigest()}.json"
        try:
            return DataReading.model_validate_json(memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass
        try:
            found = reading_of(str(ref["name"]), read())
        except AbsentDataError:
            if not self._provisional:
                raise
            return None
        write_json(memory, found.model_dump(), lasting=False)
        return found

    def tested_elsewhere(self, learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        """Ids of train examples of a data set whose text is tested in one of the others.

        Texts are compared in their normal forms: case, spaces and punctuation aside.
        """
        try:
            return tested_elsewhere(learned, tested)
        except AbsentDataError:
            if not self._provisional:
                raise
            return ()

    def instructions_key(self, ref: InstructionRef) -> str:
        """SHA-256 of the contents of files of instructions."""
        try:
            return key_of([self.fingerprint(path) for path in files_of(ref)])
        except AbsentDataError:
            if not self._provisional:
                raise
            return _for_the_time_being(ref)

    def tested_instructions(
        self, learned: InstructionRef, tested: Sequence[DataRef]
    ) -> tuple[str, ...]:
        """Ids of the instructions that hold what is tested in one of the data sets.

        Looked for once (a second or two for each 5,000 rows), then remembered by contents.
        """
        keys = [LOOKING, self.instructions_key(learned), *sorted(map(self.dataset_key, tested))]
        name = hashlib.sha256("\0".join(keys).encode()).hexdigest()
        memory = self._home / "tested" / f"{name}.json"
        try:
            return tuple(map(str, json.loads(memory.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            pass
        try:
            rows = open_instructions(learned).rows
            examples = (example for ref in tested for example in open_data(ref).read().test)
            kept, _ = without_tested(rows, examples)
        except AbsentDataError:
            if not self._provisional:
                raise
            return ()
        left_out = sorted({row.id for row in rows} - {row.id for row in kept})
        write_json(memory, left_out, lasting=False)
        return tuple(left_out)


def _for_the_time_being(ref: DataRef) -> str:
    return f"to be fetched: {json.dumps(ref, sort_keys=True)}"
