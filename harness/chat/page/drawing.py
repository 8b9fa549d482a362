"""A conversation as HTML. All that people and models wrote is escaped, and stands as it was written."""

from __future__ import annotations

import html
from collections.abc import Sequence

from harness.chat.page.figures import figures_of, state_of
from harness.chat.records import Failed, Prompted
from harness.chat.replies import Exchange, Reply

_ALSO = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;", "\\": "&#92;"})
"""What Gradio's templates of HTML might read as their own."""


def escaped(text: str) -> str:
    """A text as it is to be seen, whatever it holds."""
    return html.escape(text).translate(_ALSO)


def kept(markup: str) -> str:
    """HTML that another room made, in which Gradio's templates find nothing to read as their own."""
    return markup.translate(_ALSO)


def conversation_html(exchanges: Sequence[Exchange]) -> str:
    """All exchanges, or a word on how to begin."""
    if not exchanges:
        return '<p class="hc-empty">Nothing has been asked yet.</p>'
    drawn = "".join(_exchange(exchange) for exchange in exchanges)
    return f'<div class="hc-log" role="log" aria-label="Conversation">{drawn}</div>'


def _exchange(exchange: Exchange) -> str:
    if exchange.raw:
        given = f'<span class="hc-given">{escaped(exchange.question)}</span>'
        return reply_html(exchange.reply, given)
    question = f'<div class="hc-text">{escaped(exchange.question)}</div>'
    return f'<article class="hc-turn hc-user"><h3>You</h3>{question}</article>' + reply_html(
        exchange.reply
    )


def reply_html(reply: Reply, given: str = "", name: str | None = None) -> str:
    """What a model said, with figures and the exact prompt.

    Args:
        reply: so far.
        given: the text that it goes on with, as HTML; "" of a chat.
        name: what the model is called here; by default by its name and how it came about.
    """
    title = f'{escaped(reply.model)} <span class="hc-made">{escaped(reply.made)}</span>'
    parts = [f"<h3>{title if name is None else escaped(name)}</h3>"]
    if reply.reasoning:
        parts.append(_details("Reasoning", reply.reasoning, "hc-thought"))
    cursor = "" if reply.is_over else '<span class="hc-cursor" aria-hidden="true"></span>'
    if given or reply.text or not reply.is_over:
        written = f'<span class="hc-written">{escaped(reply.text)}</span>'
        parts.append(f'<div class="hc-text">{given}{written}{cursor}</div>')
    if (state := state_of(reply)) is not None:
        parts.append(f'<p class="hc-state" role="status">{escaped(state)}</p>')
    if reply.done is not None:
        parts.append(f'<p class="hc-figures">{escaped(figures_of(reply, reply.done))}</p>')
    if reply.failed is not None:
        parts.append(failure_html(reply.failed))
    if reply.prompted is not None and reply.is_over:
        parts.append(_details(_prompt_title(reply.prompted), reply.prompted.prompt, "hc-prompt"))
    return f'<article class="hc-turn hc-model">{"".join(parts)}</article>'


def failure_html(failed: Failed) -> str:
    """What went wrong and what can be done."""
    hint = f'<p class="hc-hint">{escaped(failed.hint)}</p>' if failed.hint else ""
    said = f"<p><strong>{escaped(failed.kind)}</strong>: {escaped(failed.message)}</p>"
    return f'<div class="hc-failed" role="alert">{said}{hint}</div>'


def _prompt_title(prompted: Prompted) -> str:
    how = "through the chat template" if prompted.template else "without a chat template"
    size = f", {prompted.tokens} tokens" if prompted.tokens else ""
    return f"Exact prompt ({how}{size})"


def _details(title: str, text: str, kind: str) -> str:
    summary = f"<summary>{escaped(title)}</summary>"
    return f'<details class="{kind}">{summary}<pre tabindex="0">{escaped(text)}</pre></details>'
