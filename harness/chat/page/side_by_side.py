"""The tab on which one prompt goes to several models, and one answer is preferred."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio

from harness.chat.page.asked import settings_of, settings_panel
from harness.chat.page.contests import contest_html, told_html
from harness.chat.page.drawing import kept
from harness.chat.page.talk import DRAW_SECONDS, KEPT_SECONDS
from harness.chat.records import Conversation, Failed
from harness.chat.replies import Reply
from harness.chat.room import Answer
from harness.chat.side_by_side import LETTERS, MOST, Choice, Contest, begin, together
from harness.chat.workplace import Workplace
from harness.errors import HarnessError, InputError
from harness.reporting.html import blocks_html
from harness.reporting.preferences import preference_blocks
from harness.results.votes import cast

VOTER = re.compile(r"[0-9a-f]{16}")
BOTH: dict[str, Choice] = {"Both good": "both good", "Both bad": "both bad"}
Update = dict[Any, Any]


class SideBySideTab:
    """Builds the tab, and does what its buttons say."""

    def __init__(self, of: Workplace) -> None:
        self._of = of
        self._answers: dict[str, Sequence[Answer]] = {}
        """By the page's session: the answers that are being given."""
        self._voted: set[str] = set()
        """Contests that were decided."""
        self._lock = threading.Lock()

    def build(self) -> None:
        """Puts the components where a `gradio.Blocks` is open."""
        names = [m.name for m in self._of.room.models.values() if not m.missing]
        self._contest = gradio.State(None, time_to_live=KEPT_SECONDS)
        self._voter = gradio.BrowserState("", storage_key="harness-voter", secret="harness-voter")
        with gradio.Row():
            with gradio.Column(scale=3, min_width=300):
                with gradio.Row():
                    self._models = gradio.Dropdown(
                        names, value=self._first(names), multiselect=True, max_choices=MOST,
                        label=f"Models, two to {MOST}", elem_id="hc-models", min_width=240,
                    )  # fmt: skip
                    self._blind = gradio.Checkbox(
                        True, label="Blind", min_width=180,
                        info="Names are hidden and sides drawn by lot until the vote.",
                    )  # fmt: skip
                self._prompt = gradio.Textbox(
                    label="Prompt for all of them", lines=2, max_lines=12,
                    placeholder="Enter sends, Shift+Enter breaks the line", elem_id="hc-prompt",
                    submit_btn=False,
                )  # fmt: skip
                with gradio.Row():
                    self._send = gradio.Button("Ask all", variant="primary", min_width=130)
                    self._stop = gradio.Button("Stop", interactive=False, min_width=130)
                self._view = gradio.HTML(contest_html(None), elem_id="hc-contest")
                with gradio.Row(elem_id="hc-votes"):
                    self._buttons = [
                        *(gradio.Button(f"{of} is better", visible=False, min_width=110) for of in LETTERS),
                        *(gradio.Button(name, visible=False, min_width=110) for name in BOTH),
                        gradio.Button("Show the names", visible=False, min_width=110),
                    ]  # fmt: skip
                self._said = gradio.HTML("", elem_id="hc-said")
            with gradio.Column(scale=1, min_width=260), gradio.Accordion("Settings", open=False):
                self._system = gradio.Textbox(label="System prompt", lines=2, max_lines=8)
                self._panel = settings_panel()
        with gradio.Accordion("What the votes say so far", open=True):
            self._table = gradio.HTML(self._so_far(), elem_id="hc-preferences")
        self._connect()

    def _first(self, names: Sequence[str]) -> list[str]:
        """The pair that the suite compares first, where both can be talked to."""
        if self._of.prepared is not None:
            for of in self._of.prepared.suite.spec.compare.values():
                for candidate in of.candidates:
                    if of.baseline in names and candidate in names:
                        return [of.baseline, candidate]
        return list(names[:2])

    def _connect(self) -> None:
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [
            self._contest, self._view, self._send, self._stop, self._said, self._table, *self._buttons,
        ]  # fmt: skip
        how = [self._models, self._blind, self._prompt, self._system, *self._panel.components]
        gradio.on(
            [self._send.click, self._prompt.submit], self._ask, how, shown,
            concurrency_limit=None, **hidden,
        )  # fmt: skip
        self._stop.click(self._end, None, None, queue=False, **hidden)
        gradio.context.Context.root_block.unload(self._end)
        votes: list[Choice | None] = [*range(MOST), *BOTH.values(), None]
        for button, choice in zip(self._buttons, votes, strict=True):
            button.click(
                self._voting(choice), [self._contest, self._voter], [*shown, self._voter], **hidden
            )

    def _ask(
        self,
        request: gradio.Request,
        names: Sequence[str],
        blind: bool,
        prompt: str,
        system: str,
        *how: Any,
    ) -> Iterator[Update]:
        if not str(prompt or "").strip():
            return
        try:
            contest = self._begun(names, blind, str(prompt), str(system or ""), *how)
            asked = Conversation.of(contest.prompt, contest.system)
            answers = [self._of.room.ask(r.model, asked, contest.settings) for r in contest.replies]
        except HarnessError as error:
            yield {self._said: told_html(f"{error.message} {error.hint}".strip(), bad=True)}
            return
        session, drawn = str(request.session_hash), 0.0
        self._answers[session] = answers
        yield self._drawn(contest)
        try:
            for place, event in together(answers):
                contest = contest.after(place, event)
                if contest.is_over or time.monotonic() - drawn > DRAW_SECONDS:
                    drawn = time.monotonic()
                    yield {self._view: contest_html(contest)}
        finally:
            if self._answers.get(session) is answers:
                del self._answers[session]
        for place, reply in enumerate(contest.replies):
            if not reply.is_over:
                contest = contest.after(
                    place, Failed("crash", "There was no answer.", "Ask again.")
                )
        hindrance = contest.hindrance or self._unkept()
        if contest.hindrance and contest.blind:
            contest = _opened(contest)
        yield self._drawn(contest) | {self._said: told_html(hindrance) if hindrance else ""}

    def _begun(
        self, names: Sequence[str], blind: bool, prompt: str, system: str, *how: Any
    ) -> Contest:
        chosen = list(dict.fromkeys(str(name) for name in names or ()))
        if not 2 <= len(chosen) <= MOST:
            raise InputError(f"{len(chosen)} models are chosen", f"Choose two to {MOST}.")
        unknown = [name for name in chosen if name not in self._of.room.models]
        if unknown:
            raise InputError(f"There is no model {unknown[0]}", "Choose one of the list.")
        replies = [Reply.of(self._of.room.models[name]) for name in chosen]
        return begin(prompt, system, settings_of(*how), replies, bool(blind))

    def _unkept(self) -> str:
        """Why a vote would not be kept; "" where it would."""
        try:
            summary = self._of.summary()
        except InputError as error:
            return f"No vote can be kept: {error.message}."
        if summary is None:
            return "Votes are kept with the results of the suite, and there are none yet: run it first."
        return ""

    def _voting(self, choice: Choice | None) -> Any:
        def vote(contest: Contest | None, voter: Any) -> Update:
            return self._decided(contest, choice, str(voter or ""))

        return vote

    def _decided(self, contest: Contest | None, choice: Choice | None, voter: str) -> Update:
        """What a click on one of the buttons below the answers does."""
        if contest is None or not contest.is_over or not contest.open:
            return {self._said: ""}
        known = voter if VOTER.fullmatch(voter) else secrets.token_hex(8)
        said = "No vote was cast."
        if choice is not None:
            with self._lock:
                again = contest.id in self._voted
                self._voted.add(contest.id)
            if (
                again
                or contest.hindrance
                or (isinstance(choice, int) and choice >= len(contest.replies))
            ):
                return {self._said: told_html("This was decided already.", bad=True)}
            try:
                summary = self._of.summary()
                if summary is None:
                    raise InputError(self._unkept())
                cast(self._of.results, contest.vote(choice, known, summary.models), summary.models)
            except (HarnessError, OSError) as error:
                with self._lock:
                    self._voted.discard(contest.id)
                why = error.message if isinstance(error, HarnessError) else str(error)
                return {self._said: told_html(f"The vote was not kept: {why}", bad=True)}
            said = "Your vote is kept."
        shown = self._drawn(_opened(contest))
        return shown | {
            self._said: told_html(said),
            self._table: self._so_far(),
            self._voter: known,
        }

    def _drawn(self, contest: Contest) -> Update:
        """The answers, and which buttons can be pressed."""
        over = contest.is_over
        votes = over and contest.open and not contest.hindrance and not self._unkept()
        letters = [votes and place < len(contest.replies) for place in range(MOST)]
        names = over and contest.is_hidden
        shown = [*letters, *([votes] * len(BOTH)), names]
        buttons = {
            button: gradio.Button(visible=visible)
            for button, visible in zip(self._buttons, shown, strict=True)
        }
        return buttons | {
            self._contest: contest,
            self._view: contest_html(contest),
            self._send: gradio.Button(interactive=over),
            self._stop: gradio.Button(interactive=not over),
            self._said: "",
        }

    def _so_far(self) -> str:
        """The table of preferences, as in the report."""
        try:
            summary = self._of.summary()
        except InputError as error:
            return told_html(error.message, bad=True)
        blocks = preference_blocks(summary) if summary is not None else []
        if not blocks:
            return told_html(self._unkept() or "Nobody has voted yet.")
        return f'<div class="hc-report">{kept(blocks_html(blocks))}</div>'

    def _end(self, request: gradio.Request) -> None:
        for answer in self._answers.get(str(request.session_hash), ()):
            answer.stop()


def _opened(contest: Contest) -> Contest:
    return replace(contest, open=False)
