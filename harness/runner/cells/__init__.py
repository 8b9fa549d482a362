"""Cells: one model asked, or timed, for one task. One walk (`runner`), and what differs by type."""
