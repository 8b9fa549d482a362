"""Where examples come from: data sets by name, their splits, and subsets of them."""

from harness.data.datasets import DATASETS, Dataset, DatasetInfo, Example, Phrasing
from harness.data.subsets import draw

__all__ = ["DATASETS", "Dataset", "DatasetInfo", "Example", "Phrasing", "draw"]
