"""`harness chat`: a page on which one talks to models."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.chat.fetching import fetched
from harness.chat.models import ChatModel, models_of, models_of_suite, one_model
from harness.chat.page.quiet import quiet_gradio
from harness.chat.room import ChatRoom
from harness.cli.view import no_display
from harness.cli.waiting import waiting
from harness.home import default_home

if TYPE_CHECKING:
    from harness.chat.page.serving import Place

SUITES = (".yaml", ".yml")


def open_chat(what: str, host: str | None, port: int | None, open_page: bool) -> int:
    """Serves the page until it is interrupted.

    Args:
        what: a suite, or a model.
        host: an address of this machine that others reach; None for this machine alone.
        port: None for one that is free.
        open_page: whether a browser is to be opened.

    Returns:
        The exit code.

    Raises:
        MissingToolError: Gradio is not installed.
        InputError: there is no such suite or model, or the port is taken.
    """
    home = default_home()
    quiet_gradio(home)
    from harness.chat.page.app import Tab, build_app, look
    from harness.chat.page.serving import place_at, serve
    from harness.chat.page.talk import TalkTab

    with waiting(Console(stderr=True), f"Looking at {what}"):
        models = models_to_talk_to(what, home)
    place = place_at(host, port)
    room = ChatRoom(models, home)
    try:
        tabs = [Tab("Chat", TalkTab(room).build)]
        blocks = build_app(f"harness chat: {what}", tabs)
        with suppress(KeyboardInterrupt):  # which is how it ends
            serve(blocks, look(), place, lambda: _say(models, place, open_page))
    finally:
        room.close()
    return 0


def models_to_talk_to(what: str, home: Path) -> Sequence[ChatModel]:
    """The models of a suite, or the one that is named; of the Hub it is fetched first."""
    if what.endswith(SUITES):
        return models_of_suite(Path(what), home)
    return models_of(fetched(one_model(what, home)), "harness run")


def _say(models: Sequence[ChatModel], place: Place, open_page: bool) -> None:
    there = [model.name for model in models if not model.missing]
    missing = [model for model in models if model.missing]
    print(f"Models: {', '.join(there) or 'none yet'}")
    for model in missing:
        print(f"  {model.name} has not been made: {model.missing}")
    print(f"Open {place.url}")
    print(
        "Ctrl+C ends it."
        if not place.token
        else "Whoever has this address can use it. Ctrl+C ends it."
    )
    sys.stdout.flush()
    if open_page and not place.token and not no_display(sys.platform, os.environ):
        webbrowser.open(place.url)
