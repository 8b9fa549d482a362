"""What a plan has to know of this machine: contents of files, versions of packages.

Nothing heavy is imported here, so that `harness plan` and a run with nothing to do answer at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.data import DATASETS
from harness.data.catalog import CATALOG
from harness.data.instruction_refs import files_of, key_of, open_instructions
from harness.data.instructions import without_tested
from harness.data.opening import open_data, tested_elsewhere
from harness.errors import BadModelError, HarnessError
from harness.files import write_json
from harness.metrics.code import code_key
from harness.metrics.registry import METRICS
from harness.models.gguf.quantize import QTYPES
from harness.models.shapes import SHAPES
from harness.models.sources import fingerprint_file, fingerprint_folder
from harness.plan.data import DataRef, InstructionRef
from harness.plan.graph import RepoType
from harness.plan.kinds import KINDS, Kind
from harness.runner.data_files import locate
from harness.starter import MODEL_FOLDER
from harness.suite.known import Known
from harness.suite.metrics import MetricRef
from harness.suite.schema import TASK_TYPES

LOOKING = "1"
"""Raised when instructions come to be held against what is tested in another way."""


SHAPE_REVISIONS: dict[str, int] = {
    name: 2 for name, config in SHAPES.items() if config["model_type"] not in ("llama", "mistral")
}
"""The same for random weights of a shape: 2 since a small Gemma's attention has the scale, and a small
Phi 3 or Qwen the tokenizer, that their GGUF has."""

_PACKAGES: dict[str, tuple[str, ...]] = {
    "hf": ("torch", "transformers"),
    "llamacpp": ("llama-cpp-python",),
    "adapter": ("peft",),
    "nf4": ("bitsandbytes",),
    "int8": ("bitsandbytes",),
}


@cache
def package_version(name: str) -> str:
    """The installed version of a package, or "missing"."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def known() -> Known:
    """The names that a suite may use on this installation."""
    return Known(
        datasets={name: info.kind for known in (DATASETS, CATALOG) for name, info in known.items()},
        with_agreement=frozenset(
            name
            for name, entry in CATALOG.items()
            if any(option.name == "agreement" for option in entry.options)
        ),
        gguf_types=frozenset({"F16", *QTYPES}),
        architectures=frozenset(SHAPES),
        timings=frozenset(name for name, metric in METRICS.items() if metric.is_timing),
    )


class LocalWorld:
    """`harness.plan.builder.World` for this machine."""

    starter = MODEL_FOLDER

    def __init__(self, home: Path, data_dir: Path | None = None, may_fetch: bool = False) -> None:
        """Prepares a world.

        Args:
            home: of artifacts.
            data_dir: where data sets lie, if the user said so.
            may_fetch: whether data sets may be downloaded where nobody said where they lie.
        """
        self._cache = home
        self._may_fetch = may_fetch
        self.data_dir = data_dir
        self._commits: dict[tuple[str, str, RepoType], str] = {}
        self._located: dict[str, DataRef] = {}
        self._elsewhere: dict[str, tuple[str, ...]] = {}

    def fingerprint(self, path: Path) -> str:
        """Of a model folder or file; one that holds no model gets its own, and fails later."""
        try:
            if path.is_dir():
                return fingerprint_folder(path, self._cache)
            return fingerprint_file(path, self._cache)
        except BadModelError:
            return f"no model in {path}"

    def commit(self, repo: str, revision: str, repo_type: RepoType = "model") -> str:
        """Asks the Hub, once for each, or takes what it last said; what is wrong is said when files
        are fetched."""
        asked = (repo, revision, repo_type)
        if asked not in self._commits:
            self._commits[asked] = self._commit(*asked)
        return self._commits[asked]

    def _commit(self, repo: str, revision: str, repo_type: RepoType) -> str:
        from harness.hub.client import resolve

        try:
            return resolve(repo, revision, self._cache, repo_type=repo_type).commit
        except HarnessError:
            return ""

    def metric_key(self, ref: MetricRef) -> str:
        """Over the contents of the code, and versions of the packages that it imports.

        Raises:
            InputError: a file cannot be read.
        """
        return code_key(ref)

    def located(self, ref: DataRef) -> DataRef:
        """With what it takes from the Hub fetched, and what a function gives written down, once."""
        name = json.dumps(ref, sort_keys=True)
        if name not in self._located:
            self._located[name] = locate(ref, self._cache, self._may_fetch)
        return self._located[name]

    def dataset_key(self, ref: DataRef) -> str:
        """Over the contents and the phrasing."""
        info = open_data(ref, self._may_fetch)
        phrasing = json.dumps([info.phrasing.instruction, info.phrasing.plain])
        return hashlib.sha256(f"{info.fingerprint()}\0{phrasing}".encode()).hexdigest()

    def tested_elsewhere(self, learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        """By the texts' normal forms: case, spaces and punctuation aside. Looked for once in a plan."""
        name = json.dumps([learned, *tested], sort_keys=True)
        if name not in self._elsewhere:
            self._elsewhere[name] = tested_elsewhere(learned, tested)
        return self._elsewhere[name]

    def instructions_key(self, ref: InstructionRef) -> str:
        """Over the files."""
        return key_of([self.fingerprint(path) for path in files_of(ref)])

    def tested_instructions(
        self, learned: InstructionRef, tested: Sequence[DataRef]
    ) -> tuple[str, ...]:
        """Looked for once (a second or two for each 5,000 rows), then remembered by contents."""
        keys = [LOOKING, self.instructions_key(learned), *sorted(map(self.dataset_key, tested))]
        name = hashlib.sha256("\0".join(keys).encode()).hexdigest()
        memory = self._cache / "tested" / f"{name}.json"
        try:
            return tuple(map(str, json.loads(memory.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            pass
        rows = open_instructions(learned).rows
        kept, _ = without_tested(rows, (e for ref in tested for e in open_data(ref).read().test))
        left_out = sorted({row.id for row in rows} - {row.id for row in kept})
        write_json(memory, left_out)
        return tuple(left_out)

    def versions(self, kind: Kind, engine: str = "") -> dict[str, str]:
        """The step's revision, and the packages of its kind and of the engines it uses.

        Words of `engine` may also name what changes the packages (`adapter`, `nf4`), and the type of
        a task or the shape of random weights, which may have a revision of its own.
        """
        row = KINDS[kind]
        packages = {p for word in engine.split() for p in _PACKAGES.get(word, ())}
        found = {name: package_version(name) for name in sorted({*row.packages, *packages})}
        revisions = SHAPE_REVISIONS | {
            name: of.revision for name, of in TASK_TYPES.items() if of.revision > 1
        }
        for word in engine.split():
            if word in revisions:
                found[f"harness {word}"] = str(revisions[word])
        return {"harness step": str(row.revision), **found}
