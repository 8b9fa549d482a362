"""`harness chat` and `harness demo`: pages on which one talks to models and sees what they answered."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.chat.demo.suites import suite_of_results
from harness.chat.fetching import fetched
from harness.chat.models import ChatModel, models_of, one_model
from harness.chat.page.quiet import quiet_gradio
from harness.chat.room import ChatRoom
from harness.chat.workplace import Workplace
from harness.cli.consoles import error_console, output_console, say
from harness.cli.view import no_display
from harness.cli.waiting import waiting
from harness.home import default_home
from harness.results.baselines import results_folder
from harness.results.store import read_summary
from harness.runner.run import Options, prepare

if TYPE_CHECKING:
    from harness.chat.page.app import Tab
    from harness.chat.page.serving import Place

SUITES = (".yaml", ".yml")


@dataclass(frozen=True)
class Serving:
    """How pages are served.

    Attributes:
        host: an address of this machine that others reach; None for this machine alone.
        port: None for one that is free.
        open_page: whether a browser is to be opened.
    """

    host: str | None
    port: int | None
    open_page: bool


def open_chat(what: str, results: Path, how: Serving) -> int:
    """Serves the page until it is interrupted.

    Args:
        what: a suite, or a model.
        results: the folder of all results, where those of the suite are looked for.
        how: it is served.

    Returns:
        The exit code.

    Raises:
        MissingToolError: Gradio is not installed.
        InputError: there is no such suite or model, or the port is taken.
    """
    home = default_home()
    if not what.endswith(SUITES):
        with waiting(error_console(), f"Looking at {what}"):
            models = models_of(fetched(one_model(what, home)), "harness run")
        quiet_gradio(home)
        return _serve_model(what, models, home, how)
    with waiting(error_console(), f"Looking at {what}"):
        prepared = prepare(Path(what), Options(results=results, home=home, provisional=True))
        models = models_of(prepared, f"harness run {what}")
    quiet_gradio(home)
    place = Workplace(prepared.results.folder, home, ChatRoom(models, home), prepared)
    return _serve_suite(f"harness chat: {what}", place, "Chat", how)


def open_demo(results: Path, suite: Path | None, how: Serving) -> int:
    """Serves the pages of some results, their examples first, until it is interrupted.

    Args:
        results: results/<suite>, or its summary.
        suite: that they were made by; None to look for it where their command names it.
        how: it is served.

    Returns:
        The exit code.

    Raises:
        MissingToolError: Gradio is not installed.
        InputError: there are no such results, the suite has mistakes, or the port is taken.
    """
    home, folder = default_home(), results_folder(results)
    summary = read_summary(results)
    with waiting(error_console(), f"Looking at {results}"):
        found = suite_of_results(summary, folder, home, suite)
        models: Sequence[ChatModel] = ()
        if found.prepared is not None:
            models = models_of(found.prepared, f"harness run {found.prepared.suite.file}")
    quiet_gradio(home)
    room = ChatRoom(models, home)
    place = Workplace(folder, home, room, found.prepared, found.without)
    if found.without:
        say(output_console(), f"Only what was recorded is shown: {found.without}.")
    return _serve_suite(f"harness demo: {summary.suite.get('name', results)}", place, "Demo", how)


def _serve_model(what: str, models: Sequence[ChatModel], home: Path, how: Serving) -> int:
    from harness.chat.page.app import Tab
    from harness.chat.page.talk import TalkTab

    room = ChatRoom(models, home)
    return _serve(f"harness chat: {what}", [Tab("Chat", TalkTab(room).build)], room, {}, how)


def _serve_suite(title: str, place: Workplace, first: str, how: Serving) -> int:
    from harness.chat.page.tabs import documents_of, tabs_of

    return _serve(title, tabs_of(place, first), place.room, documents_of(place), how)


def _serve(
    title: str,
    tabs: Sequence[Tab],
    room: ChatRoom,
    documents: Mapping[str, Callable[[], str]],
    how: Serving,
) -> int:
    from harness.chat.page.app import build_app, look
    from harness.chat.page.serving import place_at, serve

    try:
        place = place_at(how.host, how.port)
        models, blocks = list(room.models.values()), build_app(title, tabs)
        with suppress(KeyboardInterrupt):  # which is how it ends
            serve(blocks, look(), place, lambda: _say(models, place, how.open_page), documents)
    finally:
        room.close()
    return 0


def _say(models: Sequence[ChatModel], place: Place, open_page: bool) -> None:
    console = output_console()
    there = [model.name for model in models if not model.missing]
    missing = [model for model in models if model.missing]
    if models:
        say(console, f"Models: {', '.join(there) or 'none yet'}")
    for model in missing:
        say(console, f"  {model.name} has not been made: {model.missing}")
    shared = "Whoever has this address can use it. " if place.token else ""
    say(console, f"Open {place.url}", f"{shared}Ctrl+C ends it.")
    sys.stdout.flush()
    if open_page and not place.token and not no_display(sys.platform, os.environ):
        webbrowser.open(place.url)
