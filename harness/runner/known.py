"""What a suite may name on this installation."""

from __future__ import annotations

from harness.data import DATASETS
from harness.data.catalog import CATALOG
from harness.metrics.registry import METRICS
from harness.models.gguf.quantize import QTYPES
from harness.models.shapes import SHAPES
from harness.suite.known import Known


def known() -> Known:
    """The names that a suite may use on this installation."""
    return Known(
        datasets={name: info.kind for known in (DATASETS, CATALOG) for name, info in known.items()},
        with_agreement=frozenset(
            name for name, entry in CATALOG.items() if "agreement" in entry.options
        ),
        gguf_types=frozenset({"F16", *QTYPES}),
        architectures=frozenset(SHAPES),
        timings=frozenset(name for name, metric in METRICS.items() if metric.is_timing),
    )
