"""The tabs of a suite, and the documents beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.chat.page.app import Tab
from harness.chat.page.demo import DemoTab
from harness.chat.page.results import REPORT, ResultsTab
from harness.chat.page.side_by_side import SideBySideTab
from harness.chat.page.talk import TalkTab
from harness.chat.workplace import Workplace


def tabs_of(place: Workplace, first: str = "Chat") -> list[Tab]:
    """Those that there is something to show on, the one of this name first."""
    there = [model for model in place.room.models.values() if not model.missing]
    tabs = []
    if place.room.models:
        tabs.append(Tab("Chat", TalkTab(place.room).build))
    if len(there) > 1:
        tabs.append(Tab("Side by side", SideBySideTab(place).build))
    tabs += [Tab("Demo", DemoTab(place).build), Tab("Results", ResultsTab(place).build)]
    return sorted(tabs, key=lambda tab: tab.name != first)


def documents_of(place: Workplace) -> Mapping[str, Callable[[], str]]:
    """Whole pages by path."""
    return {REPORT: lambda: place.page() or "<p>There is no report yet.</p>"}
