"""Models whose figures are in doubt, marked wherever they stand in a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.records import Check, Comparison, GateVerdict, Summary
from harness.reporting.blocks import Datum, Line, Link, Tone

CHECK_LABELS = {
    "bos": "BOS tokens",
    "prompts": "prompts told apart",
    "chat-template": "chat template",
    "tokens": "token ids",
    "conversion": "conversion",
    "merge": "merge",
    "labels": "labels",
}
INHERITED = ("conversion", "merge")
"""What is made of a model that fails these is no better."""
SIGN = "⚠"
OUTCOMES: dict[str, tuple[str, Tone]] = {
    "passed": ("✓ passed", "good"),
    "failed": ("✗ failed", "bad"),
    "allowed": (f"{SIGN} failed, allowed", "unsure"),
    "skipped": ("– not checked", "missing"),
}
TRUST = Link("Trust", "#trust")
NOTE: Line = (
    f"{SIGN}: a check failed for this model, so that its figures are in doubt; which one and why "
    "stands under ",
    TRUST,
    ".",
)
TIMING_NOTE: Line = (
    f"{SIGN} at a timing: it is in doubt; why, and what to do, stands under ",
    TRUST,
    ".",
)


def all_checks(summary: Summary) -> list[Check]:
    """The checks of a summary, and those that only a model's parity tells of."""
    found = list(summary.checks)
    for model, of in summary.models.items():
        for name, parity in (("conversion", of.parity), ("merge", of.merge_parity)):
            known = [c for c in summary.checks if (c.name, c.model) == (name, model)]
            if parity is None or any(c.status != "passed" or parity.passed for c in known):
                continue
            status = "passed" if parity.passed else "failed"
            fields = {"name": name, "model": model, "status": status, "message": parity.reason}
            found = [check for check in found if check not in known]
            found.append(Check.model_validate(fields))
    return found


def _made_from(summary: Summary, model: str) -> Iterable[str]:
    """Models that the suite makes from this one, in any number of steps."""
    specs = summary.suite.get("spec", {}).get("models", {})
    parents = {name: spec.get("from") for name, spec in specs.items() if isinstance(spec, dict)}
    made = {model}
    for _ in parents:
        made |= {name for name, parent in parents.items() if parent in made}
    return sorted(made - {model})


def in_doubt(summary: Summary, status: str) -> dict[str, tuple[str, ...]]:
    """By model what of it, or of what it was made from, has a check with this status, each once."""
    found: dict[str, dict[str, None]] = {}
    for check in (one for one in all_checks(summary) if one.status == status):
        heirs = _made_from(summary, check.model) if check.name in INHERITED else ()
        for model in (check.model, *heirs):
            found.setdefault(model, {})[CHECK_LABELS[check.name]] = None
    return {model: tuple(labels) for model, labels in found.items() if model in summary.models}


@dataclass(frozen=True)
class Marks:
    """The marks of a summary, for the tables that models stand in."""

    of: dict[str, str]

    @classmethod
    def read(cls, summary: Summary) -> Marks:
        """The checks that failed, by model in doubt: "⚠ conversion, token ids (allowed)"."""
        doubts: dict[str, list[str]] = {}
        for status, suffix in (("failed", ""), ("allowed", " (allowed)")):
            for model, labels in in_doubt(summary, status).items():
                doubts.setdefault(model, []).extend(f"{label}{suffix}" for label in labels)
        return cls({model: f"{SIGN} {', '.join(words)}" for model, words in doubts.items()})

    def name(self, model: str) -> Datum:
        """A model's name, with its mark."""
        return Datum(model, self.of.get(model, ""), name=True)

    def against(self, of: Comparison | GateVerdict) -> Datum:
        """A candidate's name with its mark, beside it its baseline's."""
        against = f"against {of.baseline}" if of.baseline else ""
        found = dict.fromkeys(self.of.get(model, "") for model in (of.candidate, of.baseline))
        return Datum(of.candidate, " ".join(filter(None, (against, *found))), name=True)

    def notes(self, models: Iterable[str]) -> tuple[Line, ...]:
        """What the sign means, where one of these models bears it."""
        return (NOTE,) if any(model in self.of for model in models) else ()
