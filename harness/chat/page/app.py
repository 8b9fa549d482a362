"""The application: tabs of which each is built by a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio

STYLE = Path(__file__).with_name("style.css")


@dataclass(frozen=True)
class Tab:
    """A page.

    Attributes:
        name: that it is chosen by.
        build: puts its components there and connects them, within an open `gradio.Blocks`.
    """

    name: str
    build: Callable[[], None]


def build_app(title: str, tabs: Sequence[Tab]) -> Any:
    """The `gradio.Blocks` of some tabs; of a single one without a bar to choose from."""
    with gradio.Blocks(title=title, analytics_enabled=False, fill_width=True) as blocks:
        if len(tabs) == 1:
            tabs[0].build()
        else:
            with gradio.Tabs():
                for tab in tabs:
                    with gradio.Tab(tab.name):
                        tab.build()
    blocks.queue(default_concurrency_limit=None, api_open=False)
    return blocks


def look() -> dict[str, Any]:
    """Theme and styles: fonts of the machine, colours that follow its light or dark setting."""
    theme = gradio.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"], radius_size="sm"
    )
    return {"theme": theme, "css": STYLE.read_text(encoding="utf-8")}
