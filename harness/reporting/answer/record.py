"""What the answer holds: facts only; words are made of them last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.records import GateVerdict, MetricDescriptor, Value
from harness.reporting.balance import Balance
from harness.reporting.kinds import ComparisonKind
from harness.reporting.outcomes import Conclusion, JudgedDifference

Rule = Literal["smallest", "fastest"]
"""Which of the models that meet every gate is taken: what `prefer` in the suite says."""
Why = Literal[
    "failed", "not asked", "check", "not met", "undecided", "quality not gated", "size", "not timed"
]
"""Why a model is not considered, the gravest first: a graded task or one with a gate failed; it was not
asked a graded task; a check failed; a gate was not met, or is undecided; no gate judges its quality; what
the rule goes by is not known."""
Withheld = Literal["no gates", "gates not judged", "partial", "none qualifies", "timings in doubt"]
"""Why no model is recommended."""


@dataclass(frozen=True)
class Obstacle:
    """Why a model is not considered, and the tasks, checks or gates that say so."""

    why: Why
    names: tuple[str, ...] = ()
    """Tasks, or what was checked."""
    gates: tuple[GateVerdict, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A model that gates judge."""

    model: str
    bytes: int | None
    gates: tuple[GateVerdict, ...]
    """Its own, and those of the models that it was made from."""
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def qualifies(self) -> bool:
        """Whether it meets every gate, and nothing speaks against its figures."""
        return not self.obstacles


@dataclass(frozen=True)
class Bound:
    """The loss of quality that is excluded, in the metric's own unit; negative where a gain is sure."""

    loss: float
    confidence: float
    one_sided: bool
    """Whether it is the one-sided bound that a gate was judged on, or an end of the paired interval."""
    margin: float | None = None
    """The loss that the gate allows."""


@dataclass(frozen=True)
class Speed:
    """How fast a model decodes, and beside its baseline."""

    task: str
    metric: MetricDescriptor
    value: Value
    baseline: Value | None = None
    difference: JudgedDifference | None = None
    """None where the suite does not compare the two."""
    doubts: tuple[str, ...] = ()
    """Why the timings are in doubt, in words."""


@dataclass(frozen=True)
class Effect:
    """What one candidate of a comparison changed against its baseline."""

    kind: ComparisonKind
    baseline: str
    candidate: str
    label: str
    """The type that the weights were turned into, or the method of fine-tuning; "" for others."""
    headlines: tuple[JudgedDifference, ...] = ()
    """By the metrics that graded tasks are first judged by."""
    bounds: tuple[Bound | None, ...] = ()
    """The loss that is excluded, of each of the headlines."""
    others: tuple[JudgedDifference, ...] = ()
    """By every other measure of quality."""
    baseline_bytes: int | None = None
    bytes: int | None = None
    speed: Speed | None = None

    @property
    def quality(self) -> tuple[JudgedDifference, ...]:
        """Every difference in quality."""
        return (*self.headlines, *self.others)

    @property
    def outcomes(self) -> frozenset[Conclusion]:
        """All that may be said of its quality."""
        return frozenset(one.outcome for one in self.quality)


@dataclass(frozen=True)
class Quality:
    """A graded task, as the card shows it of the model that is taken."""

    task: str
    metric: MetricDescriptor
    value: Value
    difference: JudgedDifference | None = None
    bound: Bound | None = None


@dataclass(frozen=True)
class Pick:
    """A model that is recommended, or shown in place of one, beside the baseline of its comparison."""

    model: str
    label: str
    bytes: int | None
    quality: tuple[Quality, ...]
    """One for each graded task that it was asked, in the suite's order."""
    effect: Effect | None = None
    """None where the suite does not compare it."""
    speed: Speed | None = None
    tied: tuple[str, ...] = ()
    """Of the fastest, the others whose speed cannot be told apart from its own."""
    allowed: tuple[str, ...] = ()
    """What failed a check, where the suite says to go on."""
    failed: tuple[str, ...] = ()
    """Tasks that it did not answer, which neither grade nor have a gate."""


@dataclass(frozen=True)
class Tally:
    """How many of how many."""

    passed: int = 0
    total: int = 0

    @property
    def all(self) -> bool:
        """Whether none is left over."""
        return self.passed == self.total


@dataclass(frozen=True)
class Pareto:
    """The models that no other one beats: no other is at least as good by every measure and better by one.

    By their figures as they are, without regard to how sure they are.
    """

    measures: tuple[tuple[str, str], ...]
    """Task and metric of each; the size is one more."""
    models: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a reader is told who reads nothing else."""

    suite: str
    rule: Rule
    pick: Pick | None
    withheld: Withheld | None
    """Why there is no pick; None where there is one."""
    shown: tuple[Pick, ...]
    """Without a pick and without verdicts on gates: those on the Pareto line, or all where there is none."""
    candidates: tuple[Candidate, ...]
    pareto: Pareto
    effects: tuple[Effect, ...]
    gates: Tally
    checks: Tally
    """Of those that could be made."""
    cells: Tally
    balances: tuple[Balance, ...] = ()
    """What each fine-tuning gained and lost."""
    undecided: int = 0
    missing: tuple[tuple[str, str], ...] = ()
    """Model and task of each cell that the suite asks for and the results lack."""
    doubted: tuple[tuple[str, str], ...] = ()
    """Model and task of each timing that is in doubt."""
    synthetic: bool = False
    machine: str = ""
    commit: str = ""
    created: str = ""
    confidence: float = 0.95

    def of_kind(self, kind: ComparisonKind) -> tuple[Effect, ...]:
        """The effects of one kind, in the order of the summary."""
        return tuple(one for one in self.effects if one.kind == kind)
