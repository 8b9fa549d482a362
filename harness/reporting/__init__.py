"""Showing the numbers: Markdown, HTML with charts, and a table for the terminal.

Everything here is a function of a `Summary` and of nothing else. `harness.report` is the function of
`harness/api.py` that writes one.
"""
