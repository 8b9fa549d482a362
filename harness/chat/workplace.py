"""What the pages of a suite share: its plan, its models, its results as they stand now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from harness.chat.demo.recorded import Recorded
from harness.chat.room import ChatRoom
from harness.records import Summary
from harness.reporting.browser.chosen import quoted
from harness.reporting.html import html
from harness.reporting.sections import document
from harness.results.store import read_summary
from harness.results.votes import VOTES
from harness.runner.run import Prepared

Made = TypeVar("Made")


@dataclass
class Workplace:
    """A suite's results, read anew where their files have changed. May be used by several threads."""

    results: Path
    """results/<suite>, which may not be there yet."""
    home: Path
    room: ChatRoom
    prepared: Prepared | None = None
    """None where the suite of the results was not found."""
    without: str = ""
    """Why it was not found."""
    _kept: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def version(self) -> str:
        """Changes when the summary or the votes do; "" where there is no summary."""
        if not (self.results / "summary.json").is_file():
            return ""
        return "-".join(str(_changed(self.results / name)) for name in ("summary.json", VOTES))

    def summary(self) -> Summary | None:
        """As it is now; None where there is none.

        Raises:
            InputError: it is of another version, or damaged.
        """
        return self._of("summary", lambda: read_summary(self.results))

    def recorded(self) -> Recorded | None:
        """The summary with all answers; None where there is none.

        Raises:
            InputError: as of `summary`.
        """
        return self._of("recorded", lambda: Recorded.read(self.results, self.home))

    def page(self) -> str:
        """The report as one page; "" where there is no summary."""
        return self._of("page", self._page) or ""

    def _page(self) -> str:
        found = self.recorded()
        if found is None:
            return ""
        return html(document(quoted(found.summary, None), found.answered))

    def _of(self, what: str, make: Callable[[], Made]) -> Made | None:
        with self._lock:
            version = self.version
            if not version:
                return None
            if what not in self._kept or self._kept[what][0] != version:
                self._kept[what] = version, make()
            found: Made = self._kept[what][1]
            return found


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
