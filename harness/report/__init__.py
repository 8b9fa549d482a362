"""Showing the numbers: Markdown, HTML with charts, and a table for the terminal.

Everything here is a function of a `Summary` and of nothing else.
"""

from harness.report.terminal import terminal_table
from harness.report.write import write_report

__all__ = ["terminal_table", "write_report"]
