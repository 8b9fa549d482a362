"""Where examples come from: data sets by name, their splits, and subsets of them."""

from harness.data.datasets import Dataset, Example, Phrasing
from harness.data.embedded import DATASETS
from harness.data.subsets import draw

__all__ = ["DATASETS", "Dataset", "Example", "Phrasing", "draw"]
