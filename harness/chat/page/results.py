"""The tab of results: what a run is doing, and the report of what stands."""

from __future__ import annotations

import time
from typing import Any

import gradio

from harness.chat.page.contests import told_html
from harness.chat.page.talk import Update
from harness.chat.page.watching import run_html
from harness.chat.workplace import Workplace
from harness.errors import InputError
from harness.results.journal import JournalReader

BUSY_SECONDS, IDLE_SECONDS = 2.0, 10.0
"""How often a page asks how a run goes, and whether one has begun."""
REPORT = "/report"


class ResultsTab:
    """Builds the tab. Pages ask on a timer; where nothing was written since, nothing is sent to them."""

    def __init__(self, of: Workplace) -> None:
        self._of = of

    def build(self) -> None:
        """Puts the components where a `gradio.Blocks` is open."""
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self._seen = gradio.State("")
        self._report_seen = gradio.State("")
        self._run = gradio.HTML(elem_id="hc-run")
        self._report = gradio.HTML(elem_id="hc-report-frame")
        self._timer = gradio.Timer(IDLE_SECONDS)
        how = [self._seen, self._report_seen]
        shown = [self._run, self._report, self._timer, *how]
        gradio.context.Context.root_block.load(self._look, how, shown, **hidden)
        self._timer.tick(self._look, how, shown, **hidden)

    def _look(self, seen: str, report_seen: str) -> Update:
        """What has changed since a page last asked."""
        reader = JournalReader(self._of.results)
        is_running = reader.is_running
        state = f"{is_running} {_size(reader)}"
        changes: Update = {}
        if is_running or state != seen:
            reader.look()
            changes[self._run] = run_html(reader.state, is_running, time.time())
            changes[self._seen] = state
            changes[self._timer] = gradio.Timer(BUSY_SECONDS if is_running else IDLE_SECONDS)
        version = self._of.version or "none"
        if version != report_seen:
            changes[self._report] = self._frame(version)
            changes[self._report_seen] = version
        return changes or {self._seen: gradio.skip()}

    def _frame(self, version: str) -> str:
        """The report within the page; it can run its own script and reach nothing of this page."""
        try:
            summary = self._of.summary()
        except InputError as error:
            return told_html(f"{error.message} {error.hint}", bad=True)
        if summary is None:
            return told_html("There is no report yet: it comes with the end of the first run.")
        link = (
            f'<a href="{REPORT}?v={version}" target="_blank" rel="noopener">Open it by itself</a>'
        )
        frame = (
            f'<iframe src="{REPORT}?v={version}" title="Report" sandbox="allow-scripts allow-downloads" '
            'class="hc-frame"></iframe>'
        )
        return f'<p class="hc-legend">The report of these results. {link}</p>{frame}'


def _size(reader: JournalReader) -> str:
    from harness.results.journal import JOURNAL

    try:
        stat = (reader.folder / JOURNAL).stat()
    except OSError:
        return ""
    return f"{stat.st_size}.{stat.st_mtime_ns}"
