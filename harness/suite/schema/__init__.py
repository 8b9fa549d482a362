"""What a suite file may say. The JSON Schema for editors is generated from these classes.

Every field's description is shown by editors and by `harness schema`. Names that refer to other
entries are checked in `checks.py`, with all other mistakes, before anything runs.
"""

from harness.suite.schema.datasets import (
    HubDataset,
    HubInstructions,
    OwnDataset,
    PythonDataset,
    TableDataset,
)
from harness.suite.schema.endpoints import Endpoint, Scoring
from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.finetuning import LEARNED_INSTRUCTIONS, FineTune, Search
from harness.suite.schema.forgetting import Forgetting
from harness.suite.schema.gates import CompareSpec, GateSpec
from harness.suite.schema.metrics import Graded, OwnMetric
from harness.suite.schema.models import EngineOptions, ModelSpec, Shape
from harness.suite.schema.prices import Machine, Prices, Spending
from harness.suite.schema.resources import Resources
from harness.suite.schema.serving import Serve
from harness.suite.schema.tasks import TASK_TYPES, TaskSpec, task_of, type_of
from harness.suite.schema.tasks.asked import AskedTask
from harness.suite.schema.tasks.classify import ClassifyTask
from harness.suite.schema.tasks.divergence import DivergenceTask
from harness.suite.schema.tasks.ending import Score
from harness.suite.schema.tasks.entry import AskedOf, DataChoice, TaskEntry
from harness.suite.schema.tasks.examples import DatasetTask, ExampleTask
from harness.suite.schema.tasks.instruct import InstructTask
from harness.suite.schema.tasks.load import Level, LoadTask, Loop, Within
from harness.suite.schema.tasks.perplexity import PerplexityTask
from harness.suite.schema.tasks.put import Put
from harness.suite.schema.tasks.refuse import ComplyTask, RefuseTask
from harness.suite.schema.tasks.speed import SpeedTask
from harness.suite.schema.tasks.summarize import SummarizeTask
from harness.suite.schema.tasks.task_type import TaskType
from harness.suite.schema.tasks.write import WriteTask, WrittenPrompt
from harness.suite.schema.whole import Defaults, SuiteSpec, json_schema

__all__ = [
    "LEARNED_INSTRUCTIONS",
    "TASK_TYPES",
    "AskedOf",
    "AskedTask",
    "ClassifyTask",
    "CompareSpec",
    "ComplyTask",
    "DataChoice",
    "DatasetTask",
    "Defaults",
    "DivergenceTask",
    "Endpoint",
    "EngineOptions",
    "Entry",
    "ExampleTask",
    "FineTune",
    "Forgetting",
    "GateSpec",
    "Graded",
    "HubDataset",
    "HubInstructions",
    "InstructTask",
    "Level",
    "LoadTask",
    "Loop",
    "Machine",
    "ModelSpec",
    "Name",
    "OwnDataset",
    "OwnMetric",
    "PerplexityTask",
    "Prices",
    "Put",
    "PythonDataset",
    "RefuseTask",
    "Resources",
    "Score",
    "Scoring",
    "Search",
    "Serve",
    "Shape",
    "SpeedTask",
    "Spending",
    "SuiteSpec",
    "SummarizeTask",
    "TableDataset",
    "TaskEntry",
    "TaskSpec",
    "TaskType",
    "Within",
    "WriteTask",
    "WrittenPrompt",
    "json_schema",
    "task_of",
    "type_of",
]
