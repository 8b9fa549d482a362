"""What a suite file may say. The JSON Schema for editors is generated from these classes.

Every field's description is shown by editors and by `harness schema`. Names that refer to other
entries are checked in `checks.py`, with all other mistakes, before anything runs.
"""

from harness.suite.schema.asked import AskedTask
from harness.suite.schema.datasets import (
    HubDataset,
    HubInstructions,
    OwnDataset,
    PythonDataset,
    TableDataset,
)
from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.gates import CompareSpec, GateSpec
from harness.suite.schema.metrics import Graded, OwnMetric
from harness.suite.schema.models import EngineOptions, FineTune, ModelSpec, Shape
from harness.suite.schema.tasks import (
    ClassifyTask,
    DatasetTask,
    DivergenceTask,
    ExampleTask,
    SpeedTask,
    SummarizeTask,
    TaskSpec,
)
from harness.suite.schema.whole import Defaults, SuiteSpec, json_schema
from harness.suite.schema.writing import WriteTask, WrittenPrompt

__all__ = [
    "AskedTask",
    "ClassifyTask",
    "CompareSpec",
    "DatasetTask",
    "Defaults",
    "DivergenceTask",
    "EngineOptions",
    "Entry",
    "ExampleTask",
    "FineTune",
    "GateSpec",
    "Graded",
    "HubDataset",
    "HubInstructions",
    "ModelSpec",
    "Name",
    "OwnDataset",
    "OwnMetric",
    "PythonDataset",
    "Shape",
    "SpeedTask",
    "SuiteSpec",
    "SummarizeTask",
    "TableDataset",
    "TaskSpec",
    "WriteTask",
    "WrittenPrompt",
    "json_schema",
]
