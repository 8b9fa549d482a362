"""The tab on which one talks to a model: as a chat, or as a text that it continues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio

from harness.chat.models import ChatModel
from harness.chat.page.asked import settings_of, settings_panel
from harness.chat.page.drawing import conversation_html, escaped
from harness.chat.records import Failed
from harness.chat.replies import Exchange, Reply, conversation_of
from harness.chat.room import Answer, ChatRoom
from harness.errors import HarnessError

CHAT, COMPLETION = "Chat", "Completion"
DRAW_SECONDS = 0.06
"""At most so often an answer that is being written is drawn."""
KEPT_SECONDS = 12 * 3600
"""How long a conversation is kept that nobody goes on with."""

Exchanges = tuple[Exchange, ...]
Update = dict[Any, Any]


class TalkTab:
    """Builds the tab, and does what its buttons say."""

    def __init__(self, room: ChatRoom) -> None:
        self._room = room
        self._answers: dict[str, Answer] = {}
        """By the page's session: the answer that is being given."""

    def build(self) -> None:
        """Puts the components where a `gradio.Blocks` is open."""
        first = next((m for m in self._room.models.values() if not m.missing), None)
        first = first or next(iter(self._room.models.values()))
        view = COMPLETION if first.continues else CHAT
        self._exchanges = gradio.State((), time_to_live=KEPT_SECONDS)
        with gradio.Row():
            with gradio.Column(scale=3, min_width=300):
                with gradio.Row():
                    self._model = gradio.Dropdown(
                        [(_label(m), m.name) for m in self._room.models.values()],
                        value=first.name, label="Model", filterable=False, min_width=180,
                    )  # fmt: skip
                    self._view = gradio.Radio(
                        [CHAT, COMPLETION], value=view, label="View", min_width=180
                    )
                self._note = gradio.HTML(_note(first))
                self._log = gradio.HTML(
                    conversation_html(()), elem_id="hc-log", autoscroll=True, max_height=640
                )
                self._question = gradio.Textbox(
                    label=_asking(view), lines=1, max_lines=12, autofocus=True,
                    placeholder="Enter sends, Shift+Enter breaks the line", elem_id="hc-question",
                )  # fmt: skip
                with gradio.Row():
                    self._send = gradio.Button("Send", variant="primary", min_width=130)
                    self._stop = gradio.Button("Stop", interactive=False, min_width=130)
                    self._again = gradio.Button("Regenerate", interactive=False, min_width=130)
                    self._new = gradio.Button("Start over", min_width=130)
            with gradio.Column(scale=1, min_width=260), gradio.Accordion("Settings"):
                self._system = gradio.Textbox(label="System prompt", lines=2, max_lines=8)
                self._panel = settings_panel()
        self._connect()

    def _connect(self) -> None:
        hidden = {"show_progress": "hidden", "api_visibility": "private"}
        how = [self._exchanges, self._model, self._view, self._system, *self._panel.components]
        shown = [
            self._exchanges, self._log, self._question, self._send, self._stop, self._again, self._new,
        ]  # fmt: skip
        asked = [self._question, *how]
        gradio.on(
            [self._send.click, self._question.submit], self._ask, asked, shown,
            concurrency_limit=None, **hidden,
        )  # fmt: skip
        self._again.click(self._repeat, how, shown, concurrency_limit=None, **hidden)
        self._stop.click(self._end, None, None, queue=False, **hidden)
        self._new.click(self._begin, None, shown, queue=False, **hidden)
        chosen = [self._note, self._view]
        self._model.change(self._choose, self._model, chosen, queue=False, **hidden)
        gradio.context.Context.root_block.unload(self._end)
        self._view.change(self._look, self._view, self._question, queue=False, **hidden)

    def _ask(
        self,
        request: gradio.Request,
        question: str,
        exchanges: Exchanges,
        name: str,
        view: str,
        *how: Any,
    ) -> Iterator[Update]:
        """A question that was typed."""
        if question.strip():
            raw = view == COMPLETION
            yield from self._answered(request, question, exchanges, name, raw, *how)

    def _repeat(
        self, request: gradio.Request, exchanges: Exchanges, name: str, view: str, *how: Any
    ) -> Iterator[Update]:
        """The last question again, in place of its answer."""
        if exchanges:
            *before, last = exchanges
            yield from self._answered(request, last.question, tuple(before), name, last.raw, *how)

    def _answered(
        self,
        request: gradio.Request,
        question: str,
        exchanges: Exchanges,
        name: str,
        raw: bool,
        system: str,
        *values: Any,
    ) -> Iterator[Update]:
        model = self._room.models.get(name) or ChatModel(str(name), "", None)
        last = Exchange(question, Reply.of(model), raw)
        yield self._drawn((*exchanges, last), False) | {self._question: "" if not raw else question}
        try:
            conversation = conversation_of(exchanges, question, str(system or ""), raw)
            answer = self._room.ask(name, conversation, settings_of(*values))
        except HarnessError as error:
            failed = last.reply.after(Failed(error.kind, error.message, error.hint))
            yield self._drawn((*exchanges, Exchange(question, failed, raw)), True)
            return
        session, drawn = str(request.session_hash), 0.0
        self._answers[session] = answer
        try:
            for event in answer:
                last = Exchange(question, last.reply.after(event), raw)
                if last.reply.is_over or time.monotonic() - drawn > DRAW_SECONDS:
                    drawn = time.monotonic()
                    yield {self._log: conversation_html((*exchanges, last))}
        finally:
            if self._answers.get(session) is answer:
                del self._answers[session]
        after = {self._question: question + last.reply.text} if raw and last.reply.done else {}
        yield self._drawn((*exchanges, last), True) | after

    def _drawn(self, exchanges: Exchanges, over: bool) -> Update:
        """The conversation, and which buttons can be pressed."""
        button = gradio.Button
        return {
            self._exchanges: exchanges,
            self._log: conversation_html(exchanges),
            self._send: button(interactive=over),
            self._stop: button(interactive=not over),
            self._again: button(interactive=over and bool(exchanges)),
            self._new: button(interactive=over),
        }

    def _end(self, request: gradio.Request) -> None:
        """Stops the answer of a page, as does whoever closes it."""
        answer = self._answers.get(str(request.session_hash))
        if answer is not None:
            answer.stop()

    def _begin(self) -> Update:
        """An empty conversation."""
        return self._drawn((), True) | {self._question: ""}

    def _choose(self, name: str) -> Update:
        """Another model: its words, and the view that it has."""
        model = self._room.models[name]
        return {self._note: _note(model), self._view: COMPLETION if model.continues else CHAT}

    def _look(self, view: str) -> Any:
        return gradio.Textbox(label=_asking(view))


def _label(model: ChatModel) -> str:
    return f"{model.name} (not made yet)" if model.missing else model.name


def _asking(view: str) -> str:
    return "Text that the model continues" if view == COMPLETION else "Your message"


def _note(model: ChatModel) -> str:
    """What a reader has to know of a model before asking it."""
    words = [model.made]
    if model.missing:
        words.append(f"It has to be made first: {model.missing}")
    elif model.host:
        words.append(f"What you write is sent to {model.host}.")
    elif model.started:
        words.append("It runs in process here, not in the server that the suite starts for it.")
    if model.continues:
        words.append("It has no chat template: a base model, which continues a text.")
    return f'<p class="hc-note">{" · ".join(map(escaped, words))}</p>'
