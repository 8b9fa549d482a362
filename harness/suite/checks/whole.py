"""What only the whole suite can tell: names that must exist, files that must be there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.suite.checks.comparing import check_compare, check_gate
from harness.suite.checks.found import Found
from harness.suite.checks.metrics import check_metrics
from harness.suite.checks.models import check_model
from harness.suite.checks.spending import check_spending
from harness.suite.checks.spreading import check_spreading
from harness.suite.checks.tasks import check_task, check_twin
from harness.suite.known import Known
from harness.suite.problems import Problem
from harness.suite.schema import SuiteSpec
from harness.suite.source_map import SourceMap


def check_references(
    spec: SuiteSpec,
    invalid: Mapping[str, frozenset[str]],
    source: SourceMap,
    folder: Path,
    known: Known,
) -> list[Problem]:
    """Mistakes between entries and against the installation.

    Args:
        spec: the entries that are right by themselves.
        invalid: names of entries that are not, by section: they exist, but cannot be looked into.
        source: where things stand.
        folder: what relative paths start from.
        known: data sets, GGUF types.
    """
    names = {
        section: frozenset(getattr(spec, section)) | invalid.get(section, frozenset())
        for section in ("models", "tasks", "compare")
    }
    wrong_gates = invalid.get("gates", frozenset())
    positions = (i for i in range(len(spec.gates) + len(wrong_gates)) if str(i) not in wrong_gates)
    found: list[Found] = []
    for name, model in spec.models.items():
        found += check_model(name, model, spec, names, folder, known)
        found += check_spreading(name, spec.models, spec.defaults.resources)
    for name, task in spec.tasks.items():
        found += check_task(name, task, spec.models, names, folder, known)
        found += check_twin(name, task, spec, names)
    found += check_metrics(spec, folder)
    found += check_spending(spec)
    for name, compare in spec.compare.items():
        found += check_compare(name, compare, names)
    for index, gate in zip(positions, spec.gates, strict=True):
        found += check_gate(index, gate, spec, names, known)
    problems = []
    for path, message, hint in found:
        if path[0] == "tasks" and path[1] in spec.added:
            path = ("forgetting", *path[2:])
        place = source.place(path)
        key = ".".join(map(str, path))
        problems.append(Problem(place.line, place.column, key, message, hint))
    return problems
