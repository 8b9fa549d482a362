"""Sections of a report that are about one type of task: a file each, behind one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.records import Summary
from harness.reporting.blocks import Block
from harness.reporting.types.classify import confusion_blocks
from harness.reporting.types.load import load_blocks
from harness.reporting.types.speed import speed_blocks
from harness.reporting.types.write import written_blocks


@dataclass(frozen=True)
class TypeSection:
    """A section; it is left out of a report where `blocks` gives none."""

    anchor: str
    title: str
    blocks: Callable[[Summary], list[Block]]


TYPE_SECTIONS = (
    TypeSection("written", "Written texts", written_blocks),
    TypeSection("confusion", "Confusion matrices", confusion_blocks),
    TypeSection("speed", "Speed", speed_blocks),
    TypeSection("load", "Under load", load_blocks),
)
"""Sections by type of task, in the order in which a report has them."""
