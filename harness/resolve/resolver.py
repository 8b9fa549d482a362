"""Goes through a suite, and looks up all that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.engines.chat import ChatSettings, check_chat_template
from harness.errors import BadModelError, InputError
from harness.models.adapters import check_adapter
from harness.models.configuration import check_configuration
from harness.models.shapes import SHAPES
from harness.plan.data import DataRef, data_ref, instruction_ref
from harness.plan.resolved import FoundData, FoundFile, FoundMetric, FoundRepo, Resolved
from harness.plan.versions import PACKAGES
from harness.records import DataReading
from harness.resolve.endpoints import found_endpoint
from harness.resolve.lookups import Lookups
from harness.resolve.mistakes import Mistakes
from harness.resolve.readings import check_parts
from harness.resolve.servers import found_server
from harness.starter import MODEL_FOLDER
from harness.suite.hub import hub_place
from harness.suite.lineage import lender, root_of
from harness.suite.lineage import resolve as path_of
from harness.suite.metrics import MetricRef, metric_refs
from harness.suite.reader import Suite
from harness.suite.schema import ModelSpec, Shape

SHAPE_REVISIONS: dict[str, int] = {
    name: 2 for name, config in SHAPES.items() if config["model_type"] not in ("llama", "mistral")
}
"""Raised when random weights of a shape come to be others: 2 since a small Gemma's attention has the
scale, and a small Phi 3 or Qwen the tokenizer, that their GGUF has."""


def resolve(
    suite: Suite,
    home: Path,
    data_dir: Path | None = None,
    may_fetch: bool = False,
    provisional: bool = False,
) -> Resolved:
    """What the names of a suite stand for on this machine.

    Args:
        suite: checked.
        home: of artifacts, and of what is remembered of files.
        data_dir: where data sets lie, if the user said so.
        may_fetch: whether data sets may be downloaded where nobody said where they lie.
        provisional: whether data sets may be missing that a run would download. They are named in
            `absent`; what they hold, and what of it stands in another, is then not known.

    Raises:
        InputError: a file, a metric's code or a data set's option is not there.
        BadDataError: a data set is missing, or damaged.
        HubError: the Hub refuses, cannot be reached, or a download broke off.
    """
    return Resolver(home, data_dir, may_fetch, provisional).resolve(suite)


class Resolver(Lookups):
    """Looks up all that a suite names."""

    def resolve(self, suite: Suite) -> Resolved:
        """All that a suite names."""
        models, tasks, folder = suite.spec.models, suite.spec.tasks, suite.folder
        data = self._data(suite)
        texts = {
            name: task.windows.file for name, task in tasks.items() if task.windows is not None
        }
        templates = {name: spec.template_file for name, spec in models.items()}
        self._try_templates(suite)
        self._try_shapes(suite)
        sources = {name: self._source(models, name, folder) for name in models}
        self._check_adapters(models, sources)
        named = {name: metric_refs(task, folder) for name, task in tasks.items()}
        return Resolved(
            sources={name: found for name, found in sources.items() if found is not None},
            templates=self._files(templates, folder),
            texts=self._files(texts, folder),
            data=data,
            instructions=self._instructions(suite, [found.ref for found in data.values()]),
            metrics={name: tuple(map(self._metric, refs)) for name, refs in named.items() if refs},
            software=self._software(models),
            endpoints={
                name: found_endpoint(
                    spec.endpoint, self._home, folder, may_ask=not self._provisional
                )
                for name, spec in models.items()
                if spec.endpoint is not None
            },
            servers={
                name: found_server(name, spec.serve, folder, self._provisional)
                for name, spec in models.items()
                if spec.serve is not None
            },
            absent=tuple(self._absent),
        )

    def _try_templates(self, suite: Suite) -> None:
        """Tries every chat template that the suite names, before anything is made.

        Raises:
            SuiteError: one is none, fails on a question, or is without bounds.
        """
        mistakes = Mistakes(suite)
        for name, spec in suite.spec.models.items():
            if spec.template_file is None:
                continue
            with mistakes.at("models", name, "chat_template"):
                text = path_of(spec.template_file, suite.folder).read_text(encoding="utf-8-sig")
                chat = ChatSettings(text, spec.template_options or {}, spec.thinking)
                try:
                    check_chat_template(text, chat.variables())
                except InputError as error:
                    raise InputError(f"{spec.template_file}: {error.message}", error.hint) from None
        mistakes.tell()

    def _try_shapes(self, suite: Suite) -> None:
        """Looks at what is changed of every architecture that the suite names, before a model is drawn by it.

        Raises:
            SuiteError: no model can be like that.
        """
        mistakes = Mistakes(suite)
        for name, spec in suite.spec.models.items():
            if not isinstance(spec.source, Shape):
                continue
            for key, value in spec.source.changed.items():
                with mistakes.at("models", name, "source", key):
                    try:
                        check_configuration({key: value}, spec.source.architecture)
                    except BadModelError as error:
                        raise InputError(error.message, error.hint) from None
        mistakes.tell()

    def _files(self, named: Mapping[str, str | None], folder: Path) -> dict[str, FoundFile]:
        return {
            name: self._file(path_of(text, folder))
            for name, text in named.items()
            if text is not None
        }

    def _file(self, path: Path) -> FoundFile:
        return FoundFile(str(path), self.fingerprint(path))

    def _source(
        self, models: Mapping[str, ModelSpec], name: str, folder: Path
    ) -> FoundFile | FoundRepo | None:
        what: Literal["weights", "adapter", "gguf"]
        spec = models[name]
        if lender(models, name) is not None:
            return None
        if spec.adapter is not None:
            what, text = "adapter", spec.adapter
        elif spec.from_ is not None or spec.endpoint or isinstance(spec.source, Shape):
            return None
        else:
            what = "weights" if spec.source is not None else "gguf"
            text = str(spec.source or spec.gguf)
        if text == "starter":
            return self._file(MODEL_FOLDER)
        place = hub_place(what, text, spec.revision, folder)
        if place is None:
            return self._file(path_of(text, folder))
        commit = self.commit(place.repo, place.revision)
        return FoundRepo(place.repo, place.file, place.revision, commit)

    def _check_adapters(
        self, models: Mapping[str, ModelSpec], sources: Mapping[str, FoundFile | FoundRepo | None]
    ) -> None:
        """Refuses adapters of this machine that could not be applied, or merged, before anything runs."""
        for name, spec in models.items():
            found = sources[name]
            if spec.adapter is None or not isinstance(found, FoundFile):
                continue
            base = sources[root_of(models, name)]
            check_adapter(
                Path(found.path),
                Path(base.path) if isinstance(base, FoundFile) else None,
                merged=any(other.from_ == name for other in models.values()),
            )

    def _metric(self, ref: MetricRef) -> FoundMetric:
        commit = self.commit(ref.repo, ref.revision, "space") if ref.repo else ""
        return FoundMetric(ref, self.metric_key(ref), commit)

    def _data(self, suite: Suite) -> dict[str, FoundData]:
        """The data sets of tasks; of those that a fine-tuning learns all that no other task tests."""
        named = {
            name: data_ref(task, suite.folder, self._data_dir)
            for name, task in suite.spec.tasks.items()
        }
        mistakes = Mistakes(suite)
        refs: dict[str, DataRef] = {}
        readings: dict[str, DataReading | None] = {}
        for name, ref in named.items():
            if ref is not None:
                with mistakes.at("tasks", name, "dataset"):
                    refs[name] = self.located(ref)
                    readings[name] = self.reading(refs[name])
        mistakes.tell()
        tunings = [spec.finetune for spec in suite.spec.models.values() if spec.finetune]
        learned = {task for finetune in tunings for task in finetune.tasks}
        left_out: dict[str, tuple[str, ...]] = {}
        for name in [name for name in refs if name in learned]:
            others = [other for other in refs.values() if other != refs[name]]
            learns = json.dumps(refs[name], sort_keys=True)
            if learns not in left_out:
                left_out[learns] = self.tested_elsewhere(refs[name], others) if others else ()
        found = {
            name: FoundData(
                ref,
                self.dataset_key(ref),
                left_out.get(json.dumps(ref, sort_keys=True), ()),
                readings[name],
            )
            for name, ref in refs.items()
        }
        mistakes.add(check_parts(suite, found))
        mistakes.tell()
        return found

    def _instructions(
        self, suite: Suite, tested: Sequence[DataRef]
    ) -> dict[str, tuple[FoundData, ...]]:
        found = {}
        mistakes = Mistakes(suite)
        for name, spec in suite.spec.models.items():
            given = spec.finetune.instructions if spec.finetune is not None else None
            parts = []
            for index, one in enumerate(given or ()):
                with mistakes.at("models", name, "finetune", "instructions", index):
                    ref = self.located(instruction_ref(one, suite.folder))
                    reading, key = self.instructions_reading(ref), self.instructions_key(ref)
                    left_out = self.tested_instructions(ref, tested)
                    parts.append(FoundData(ref, key, left_out, reading))
            if given is not None:
                found[name] = tuple(parts)
        mistakes.tell()
        return found

    def _software(self, models: Mapping[str, ModelSpec]) -> dict[str, str]:
        shapes = [
            spec.source.architecture for spec in models.values() if isinstance(spec.source, Shape)
        ]
        drawn = {
            f"harness {name}": str(SHAPE_REVISIONS[name])
            for name in shapes
            if name in SHAPE_REVISIONS
        }
        return {name: self.version(name) for name in PACKAGES} | drawn
