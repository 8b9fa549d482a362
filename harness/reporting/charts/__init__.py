"""Charts as plain SVG, written from data: no script, no font, no network, the same bytes for the same data.

A chart is narrow enough for a phone; several stand side by side where there is room. Shapes and dashes
say what the colours say. Each function gives None where there is nothing to compare.
"""

from harness.reporting.charts.curves import Curve, curves
from harness.reporting.charts.loads import LoadLine, LoadPoint, loads
from harness.reporting.charts.rows import Mark, Row, Rows, Side, rows
from harness.reporting.charts.scatter import Point, Scatter, front, scatter

__all__ = [
    "Curve",
    "LoadLine",
    "LoadPoint",
    "Mark",
    "Point",
    "Row",
    "Rows",
    "Scatter",
    "Side",
    "curves",
    "front",
    "loads",
    "rows",
    "scatter",
]
