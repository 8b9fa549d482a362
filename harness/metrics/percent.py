"""Figures as they are shown: shares in percent, their differences in percentage points, all with their unit."""

from __future__ import annotations

from harness.records import MetricDescriptor


def shown(of: MetricDescriptor) -> MetricDescriptor:
    """A metric as it is shown: a share that has no unit is a percentage."""
    if of.kind != "proportion" or of.unit:
        return of
    return of.model_copy(update={"factor": 100.0, "unit": "%", "format": ".1f"})


def unit(of: MetricDescriptor, difference: bool = False) -> str:
    """What stands behind a figure of a metric as it is shown: "%", " pp", " tokens/s", "" for none."""
    if of.unit == "%":
        return " pp" if difference else "%"
    return f" {of.unit}" if of.unit else ""
