"""What stands in `results/`: the shapes that the worker writes and everyone else reads.

Reports, gates and comparisons are functions of these records and of nothing else.
"""

from harness.records.answered import Answered, CellSamples, PromptTexts
from harness.records.asked import ASKED, NOT_ASKED, AskedTexts
from harness.records.base import Approximate, Failure, Record, Value
from harness.records.cells import ADAPTER, OWN_METRICS, Cell, Sample
from harness.records.comparisons import ChangedAnswer, Comparison, GateVerdict, SeedVariance
from harness.records.costs import Cost, Spent
from harness.records.finetuning import (
    Learned,
    Training,
    TrainingPoint,
    Trial,
    Validation,
    ValidationPoint,
)
from harness.records.forgetting import Forgetting
from harness.records.lineage import (
    AdapterFacts,
    AdapterStep,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    QuantizeStep,
    ServedStep,
    ServeStep,
    SourceStep,
)
from harness.records.load import LOAD, Knee, LoadClient, LoadDetails, LoadLevel, Waits
from harness.records.machines import TIMING_TRAITS, is_same_machine, machine_words
from harness.records.metrics import Kind, Measures, MetricDescriptor
from harness.records.models import Check, ModelSummary, Parity, ParityLimits, Permission
from harness.records.readings import DataReading, LeftOutRows, TooLong
from harness.records.served import (
    SERVED,
    USAGE,
    ServedDetails,
    ServedUsage,
    told_by,
    undecided_of,
    ways_of,
)
from harness.records.speed import SpeedDetails, SpeedFigures, SpeedRound, SpeedWarning
from harness.records.summary import SUMMARY_SCHEMA, Partial, Summary, TaskSummary
from harness.records.training import TrainingExample
from harness.records.votes import (
    PreferenceOutcome,
    PreferencePair,
    PreferenceRating,
    Preferences,
    Unrated,
    Vote,
    VotedAnswer,
    VotesSummary,
)
from harness.records.wording import WORDING, WORDLESS, WordingDetails
from harness.records.written import WrittenDetails, WrittenText

__all__ = [
    "ADAPTER",
    "ASKED",
    "LOAD",
    "NOT_ASKED",
    "OWN_METRICS",
    "SERVED",
    "SUMMARY_SCHEMA",
    "TIMING_TRAITS",
    "USAGE",
    "WORDING",
    "WORDLESS",
    "AdapterFacts",
    "AdapterStep",
    "Answered",
    "Approximate",
    "AskedTexts",
    "Cell",
    "CellSamples",
    "ChangedAnswer",
    "Check",
    "Comparison",
    "ConvertStep",
    "Cost",
    "DataReading",
    "Failure",
    "FinetuneStep",
    "Forgetting",
    "GateVerdict",
    "Kind",
    "Knee",
    "Learned",
    "LeftOutRows",
    "LineageStep",
    "LoadClient",
    "LoadDetails",
    "LoadLevel",
    "LoadStep",
    "Measures",
    "MergeStep",
    "MetricDescriptor",
    "ModelSummary",
    "Parity",
    "ParityLimits",
    "Partial",
    "Permission",
    "PreferenceOutcome",
    "PreferencePair",
    "PreferenceRating",
    "Preferences",
    "PromptTexts",
    "QuantizeStep",
    "Record",
    "Sample",
    "SeedVariance",
    "ServeStep",
    "ServedDetails",
    "ServedStep",
    "ServedUsage",
    "SourceStep",
    "SpeedDetails",
    "SpeedFigures",
    "SpeedRound",
    "SpeedWarning",
    "Spent",
    "Summary",
    "TaskSummary",
    "TooLong",
    "Training",
    "TrainingExample",
    "TrainingPoint",
    "Trial",
    "Unrated",
    "Validation",
    "ValidationPoint",
    "Value",
    "Vote",
    "VotedAnswer",
    "VotesSummary",
    "Waits",
    "WordingDetails",
    "WrittenDetails",
    "WrittenText",
    "is_same_machine",
    "machine_words",
    "told_by",
    "undecided_of",
    "ways_of",
]
