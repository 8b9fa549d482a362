"""`harness show`: the exact text and ids that a model is sent, and what it answered."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from harness.cli.consoles import output_console
from harness.cli.outputs import hand_over_json
from harness.runner.run import Options
from harness.runner.showing import ShownPrompt, Tokens, show_prompt

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that a terminal obeys, or shows nothing of."""
MODES = {
    "chat": "through the chat template",
    "plain": "as a plain text to be continued",
    "text": "a window of a text, read and not continued",
    "kept": "in a prompt that is no longer here; this is the text of the example alone",
}
SYSTEM = {
    "turn": "the system message has a turn of its own",
    "user": "the template takes no system message: it begins the user's first turn",
    "text": "the system message stands in front of the prompt",
}


def show(where: Path, words: Sequence[str], options: Options, as_json: bool) -> int:
    """Shows one prompt. Returns the exit code."""
    shown = show_prompt(where, words, options)
    if as_json:
        hand_over_json(shown.as_data(), indent=2)
        return 0
    out = output_console(highlight=False, markup=False, emoji=False)
    for heading, lines in sections(shown):
        if heading:
            out.print(Text(f"\n{heading}", style="bold"))
        for line in lines:
            out.print(Text(line), soft_wrap=True)
    return 0


def sections(shown: ShownPrompt) -> Iterator[tuple[str, list[str]]]:
    """Headings and lines, all of them safe to print."""
    count = len(shown.tokens.ids)
    size = f"{count:,} tokens; " if count else ""
    asked = [MODES[shown.mode], *([SYSTEM[shown.system]] if shown.system in SYSTEM else [])]
    yield (
        "",
        [
            f"{shown.task} for {shown.model}: example {shown.number} of {shown.count} "
            f"({visible(shown.id)})",
            f"sent {'; '.join(asked)}; encoded by the tokenizer of {shown.root}",
            f"{size}prompt hash {shown.prompt_hash}; of all prompts {shown.set_hash[:16]}",
        ],
    )
    if shown.note:
        yield "", [shown.note]
    yield "Text (⏎ is a line break)", visible(shown.text).removesuffix("\n").split("\n")
    if count:
        yield f"Token ids ({count:,})", [token_line(shown.tokens)]
    if any(tokens.ids for tokens in shown.choices.values()):
        data = shown.answer.get("data", {})
        scores, ends = data.get("logprobs", {}), data.get("end_logprobs", {})
        yield (
            "Choices",
            [
                f"{visible(label)}: {token_line(tokens)}"
                + (f"   log-probability {scores[label]:.4f}" if label in scores else "")
                + (f", of the end {ends[label]:.4f}" if label in ends else "")
                for label, tokens in shown.choices.items()
            ],
        )
    if shown.target:
        yield (
            "Right answer",
            [
                *visible(shown.target).split("\n"),
                token_line(shown.target_tokens),
            ],
        )
    ends_with = [*map(str, shown.stop_ids), *map(repr, shown.stops)]
    if ends_with:
        yield "An answer ends with", [", ".join(ends_with)]
    if shown.answer:
        yield "Answered", list(_answer(shown))
    else:
        yield "", ["\nNo answer to this prompt is in the results."]


def _answer(shown: ShownPrompt) -> Iterator[str]:
    answer, data = shown.answer["answer"], shown.answer["data"]
    if data.get("thought"):
        ended = "" if data["thought_finished"] else " (it did not end)"
        yield f"thought{ended}: {visible(data['thought'])}"
    if answer is not None:
        yield from visible(answer).split("\n")
    elif "text" in data:
        yield f"no label was found in: {visible(data['text'])}"
    if "stopped_at" in data:
        yield f"stopped at {data['stopped_at']!r}"
    scores = {**shown.answer["scores"], **_figures(data)}
    if scores:
        yield ", ".join(f"{name} {value:g}" for name, value in scores.items())


def _figures(data: dict[str, object]) -> dict[str, float]:
    """The numbers that a divergence keeps of a document."""
    names = ("tokens", "same_top1", "nll", "reference_nll")
    return {name: value for name in names if isinstance(value := data.get(name), int | float)}


def token_line(tokens: Tokens) -> str:
    """Ids with their pieces, such as `1‹<s>› 529‹<›`."""
    if not tokens.pieces:
        return " ".join(map(str, tokens.ids))
    pairs = zip(tokens.ids, tokens.pieces, strict=True)
    return " ".join(f"{token}‹{visible(piece).replace(chr(10), '')}›" for token, piece in pairs)


def visible(text: str) -> str:
    """A text in which nothing is hidden, and nothing that a terminal would obey.

    Line breaks are kept, with a mark; other control and format characters are written as escapes.
    """
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎\n"
    if unicodedata.category(character) in HIDDEN:
        return character.encode("unicode_escape").decode("ascii")
    return character
