"""Packs jobs for nodes that share no folder with the driver: what only the driver has goes into the store, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from harness.data.opening import open_data
from harness.executors.mirror import CELL_FILES
from harness.executors.parcels import FILES, Packed, Parcel
from harness.marks import files_in
from harness.models.sources import hashes_of, told_files
from harness.plan.graph import Plan
from harness.plan.places import Places
from harness.python_hook import find_hook, hook_files
from harness.results.store import ResultsStore
from harness.runner.jobs import Job, StepJob
from harness.runner.shared import SharedArtifacts
from harness.stores.entries import key_of_files
from harness.suite.metrics import MetricRef

KNOWN = "known"
"""A folder that nobody has: it stands for the files of a data set that is found by its name."""


@dataclass(frozen=True)
class Packer:
    """Packs the jobs of one run."""

    plan: Plan
    home: Path
    shared: SharedArtifacts
    identity: str
    software: Mapping[str, str]
    timeout_seconds: float
    again: frozenset[str] = frozenset()
    _sent: dict[tuple[str, ...], str] = field(default_factory=dict)
    """By files: the key that they have in the store."""
    _lock: Lock = field(default_factory=Lock)

    def pack(self, job: Job) -> Packed:
        """A job, with what it reads in the store.

        Raises:
            StoreError: the store is full, gone, or refuses.
        """
        results = Path(job.results)
        parcels = list[Parcel]()
        steps = tuple(self._packed(one, parcels) for one in job.steps)
        own = {one.step.key for one in steps}
        read = {key for one in steps for key in one.step.parents.values()} - own
        return Packed(
            job=replace(job, steps=steps).to_json(),
            home=str(self.home),
            results=str(results.parent),
            store=self.shared.store.url,
            identity=self.identity,
            parcels=tuple(dict.fromkeys(parcels)),
            parents=tuple((self.plan.steps[key].kind, key) for key in sorted(read)),
            begun=dict(_begun(job)),
            again=self.again,
            software=self.software,
            timeout_seconds=self.timeout_seconds,
        )

    def look_anew(self) -> None:
        """Has everything looked up in the store again before it is taken to be there."""
        with self._lock:
            self._sent.clear()

    def _packed(self, one: StepJob, parcels: list[Parcel]) -> StepJob:
        for role, key in one.step.parents.items():
            if self.plan.steps[key].kind in ("source", "fetch"):
                parcels.append(self._parcel(Path(one.inputs[role])))
        parcels.extend(self._parcel(Path(path)) for path in one.places.files.values())
        data = {key: self._data(ref, parcels) for key, ref in one.places.data.items()}
        code = {key: self._code(ref, parcels) for key, ref in one.places.code.items()}
        return replace(one, places=Places(one.places.files, data, code))

    def _parcel(self, path: Path) -> Parcel:
        """A model's folder, or one file."""
        if path.is_dir():
            files = told_files(path) or [path / name for name in sorted(files_in(path))]
            return Parcel(
                str(path), self._send({of.relative_to(path).as_posix(): of for of in files})
            )
        return Parcel(str(path), self._send({path.name: path}), path.name)

    def _data(self, ref: Mapping[str, Any], parcels: list[Parcel]) -> dict[str, Any]:
        """A data set whose files lie in the store; those that come with the harness need not."""
        found = dict(ref)
        paths = [*ref.get("paths", ()), *_own_files(ref.get("own", {}))]
        parcels.extend(self._parcel(Path(path)) for path in paths)
        if "own" in ref or "paths" in ref:
            return found
        info = open_data(ref)
        if not info.synthetic:
            key = self._send({f"{ref['name']}/{file.name}": file for file in info.files})
            found["data_dir"] = str(self.home / KNOWN / key)
            parcels.append(Parcel(found["data_dir"], key))
        return found

    def _code(self, ref: MetricRef, parcels: list[Parcel]) -> MetricRef:
        """A metric whose code lies in the store; a module that is imported by name is each node's own."""
        if ref.by == "python":
            hook = find_hook(ref.place, Path(ref.folder))
            if hook.module:
                return ref
            files = {of.relative_to(hook.root).as_posix(): of for of in hook_files(hook)}
            parcels.append(Parcel(str(hook.root), self._send(files)))
            return replace(ref, place=f"{hook.file.name}:{hook.function}", folder=str(hook.root))
        if ref.by == "evaluate" and not ref.repo:
            script = Path(ref.place)
            beside = {of.name: of for of in sorted(script.parent.glob("*.py"))}
            parcels.append(Parcel(str(script), self._send(beside), script.name))
        return ref

    def _send(self, files: Mapping[str, Path]) -> str:
        """Puts files into the store, unless it has them; their key."""
        memo = tuple(f"{name}\0{file}" for name, file in sorted(files.items()))
        with self._lock:
            if memo not in self._sent:
                hashes = hashes_of(list(files.values()), self.home)
                key = key_of_files({name: hashes[file] for name, file in files.items()})
                self.shared.store.put(FILES, key, files)
                self._sent[memo] = key
            return self._sent[memo]


def _own_files(own: Mapping[str, Any]) -> Iterator[str]:
    """The paths in what a suite says of a data set of the user's own."""
    for key in ("file", "train", "test"):
        if key in own:
            yield str(own[key])
    for paths in own.get("parts", {}).values():
        yield from paths


def _begun(job: Job) -> Iterator[tuple[str, bytes]]:
    """What stands of a job's cells in the driver's results, their parts included, and what other limits have of
    them."""
    for one in job.steps:
        if one.step.row.gives == "answers":
            own = ResultsStore(Path(job.results)).cell(one.step.model, one.step.task)
            parts = (part.folder for part in own.parts())
            for folder in (own.folder, *parts, *map(Path, one.lenders)):
                for file in sorted(folder.glob("*")):
                    if CELL_FILES.fullmatch(file.name) and file.is_file():
                        yield str(file), file.read_bytes()
