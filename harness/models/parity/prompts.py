"""Whether a model reads the prompts as they are meant: before the first question is asked.

Models of one lineage are asked with the ids of their source's tokenizer. That these begin with
as many BOS tokens as the model was trained with, and that a GGUF carries the same tokenizer and
the same chat template, is seen from the tokenizers alone, in no time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.engines.tokenizer import Message, Tokenizer
from harness.quantities import plural
from harness.records import Check

_SAMPLE: list[Message] = [{"role": "user", "content": "a question"}]
_AROUND = 20
"""Characters of a template that are shown from where it differs."""


class CheckedPrompt(Protocol):
    """The part of a prompt that is checked (see `harness.tasks.prompts.Prompt`)."""

    @property
    def text(self) -> str: ...
    @property
    def ids(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class TaskPrompts:
    """What one task asks; `chat` where the chat template was used."""

    task: str
    prompts: Sequence[CheckedPrompt]
    chat: bool


def expected_bos(tokenizer: Tokenizer, chat: bool) -> int:
    """How many BOS tokens a prompt should begin with.

    One where the tokenizer begins every text with BOS or the template writes one, else none.
    """
    if tokenizer.bos_id is not None:
        return 1
    if tokenizer.bos_marker is None or not chat or not tokenizer.has_chat_template:
        return 0
    rendered = tokenizer.render(_SAMPLE, True)
    return int(tokenizer.bos_marker in tokenizer.encode(rendered, add_bos=False))


def leading_bos(ids: Sequence[int], tokenizer: Tokenizer) -> int:
    """How many BOS tokens stand before the first text; whitespace between them does not count."""
    count = 0
    for token in ids:
        if token == tokenizer.bos_marker:
            count += 1
        elif tokenizer.decode([token], keep_special=True).strip():
            break
    return count


def check_bos(tokenizer: Tokenizer, asked: Sequence[TaskPrompts]) -> Check:
    """Whether every prompt begins with exactly the expected number of BOS tokens."""
    wrong: list[tuple[str, int, int, int]] = []
    total = 0
    for part in asked:
        expected = expected_bos(tokenizer, part.chat)
        for number, prompt in enumerate(part.prompts):
            total += 1
            found = leading_bos(prompt.ids, tokenizer)
            first = expected == 0 or prompt.ids[:1] == (tokenizer.bos_marker,)
            if found != expected or not first:
                wrong.append((part.task, number, found, expected))
    figures = {"prompts": float(total), "wrong": float(len(wrong))}
    if not wrong:
        return _check(
            "bos", "passed", "Every prompt begins with as many BOS as it should.", figures
        )
    task, number, found, expected = wrong[0]
    what = "double BOS" if found > expected else "missing BOS"
    place = "" if found != expected else ", behind whitespace"
    message = (
        f"{what}: {len(wrong)} of {total} prompts do not begin with exactly "
        f"{plural(expected, 'BOS token')}; the "
        f"first is prompt {number} of {task}, with {found}{place}."
    )
    hint = "The chat template (or the data) writes BOS itself: let it stand there once."
    if found < expected:
        hint = "Let the chat template begin with `bos_token`, nothing in front of it."
    return _check("bos", "failed", message, figures | {"found": found, "expected": expected}, hint)


def check_gguf_prompts(
    source: Tokenizer, gguf: Tokenizer, asked: Sequence[TaskPrompts], own_template: bool = False
) -> list[Check]:
    """A GGUF's tokenizer and template against those of the model it was made from.

    On all prompts that are asked. BOS is counted apart, so that one cause is told once. With
    `own_template` the suite has put one in place of the model's, so that no file's own plays a part.
    """
    chat = any(part.chat for part in asked)
    template = check_template(source.chat_template, gguf.chat_template, chat)
    if chat and own_template:
        said = (
            "The suite puts a chat template of its own in place of the one in the GGUF; whoever runs "
            "this file elsewhere must give it, too."
        )
        template = _check("chat-template", "skipped", said, {})
    return [
        _same_bos(source, gguf, asked),
        template,
        _same_tokens(source, gguf, asked),
    ]


def check_template(source: str | None, gguf: str | None, used: bool = True) -> Check:
    """Whether two chat templates are the same text, to the last space."""
    if not used:
        said = "No task is asked through a chat template."
        return _check("chat-template", "skipped", said, {})
    if source == gguf:
        said = "The GGUF carries its source's chat template." if source else "There is none."
        return _check("chat-template", "passed", said, {})
    hint = (
        "Convert again with a llama.cpp that writes this model's template, or make the source's "
        "chat_template.jinja and tokenizer_config.json agree."
    )
    if source is None or gguf is None:
        has, lacks = ("GGUF", "source") if source is None else ("source", "GGUF")
        message = f"chat template: the {has} has one, the {lacks} has none."
        return _check("chat-template", "failed", message, {}, hint)
    place = _first_difference(source, gguf)
    line = source.count("\n", 0, place) + 1
    ours, theirs = (text[place : place + _AROUND] for text in (source, gguf))
    message = (
        f"chat template: the GGUF's is not its source's; from character {place} (line {line}) "
        f"the source has {ours!r} and the GGUF {theirs!r}."
    )
    return _check("chat-template", "failed", message, {"character": float(place)}, hint)


def _same_bos(source: Tokenizer, gguf: Tokenizer, asked: Sequence[TaskPrompts]) -> Check:
    wrong: list[tuple[str, int, int, int]] = []
    total = 0
    for part in asked:
        for number, prompt in enumerate(part.prompts):
            total += 1
            ours = leading_bos(prompt.ids, source)
            theirs = leading_bos(gguf.encode(prompt.text), gguf)
            if ours != theirs or (ours and source.bos_marker != gguf.bos_marker):
                wrong.append((part.task, number, ours, theirs))
    figures = {"prompts": float(total), "wrong": float(len(wrong))}
    if not wrong:
        return _check("bos", "passed", "The GGUF begins prompts with as many BOS.", figures)
    task, number, ours, theirs = wrong[0]
    message = (
        f"{_bos_words(ours, theirs)}: the GGUF's tokenizer begins {len(wrong)} of {total} prompts "
        f"otherwise than its source's; the first is prompt {number} of {task}, which is asked "
        f"with {plural(ours, 'BOS token')} (id {source.bos_marker}) and would get {theirs} (id "
        f"{gguf.bos_marker})."
    )
    hint = (
        "The GGUF's `tokenizer.ggml.add_bos_token` or `bos_token_id` is not its source's: convert "
        "again, or put it right with gguf-py's gguf_set_metadata."
    )
    return _check("bos", "failed", message, figures | {"found": theirs, "expected": ours}, hint)


def _same_tokens(source: Tokenizer, gguf: Tokenizer, asked: Sequence[TaskPrompts]) -> Check:
    total, same = 0, 0
    message = ""
    for part in asked:
        for number, prompt in enumerate(part.prompts):
            total += 1
            ours = _without_bos(source.encode(prompt.text), source)
            theirs = _without_bos(gguf.encode(prompt.text), gguf)
            same += ours == theirs
            if ours != theirs and not message:
                difference = _said_difference(ours, theirs, source, gguf)
                message = f"prompt {number} of {part.task}, {difference}"
    rate = same / total if total else 1.0
    figures = {"prompts": float(total), "same": float(same), "rate": rate}
    if same == total:
        said = f"Both tokenizers give the same ids on all {total} prompts."
        return _check("tokens", "passed", said, figures)
    hint = (
        "The GGUF's tokenizer is not its source's: convert again with a llama.cpp that knows this "
        "model's."
    )
    message = (
        f"token ids: the tokenizers of source and GGUF agree on {same} of {total} prompts "
        f"({rate:.1%}); the first that differs is {message}."
    )
    return _check("tokens", "failed", message, figures, hint)


def _without_bos(ids: list[int], tokenizer: Tokenizer) -> list[int]:
    return ids[leading_bos(ids, tokenizer) :] if ids[:1] == [tokenizer.bos_marker] else ids


def _first_difference(ours: Sequence[object], theirs: Sequence[object]) -> int:
    """The first place where two texts or lists differ; the shorter one's length where it begins the other."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(ours), len(theirs)))


def _said_difference(
    ours: Sequence[int], theirs: Sequence[int], source: Tokenizer, gguf: Tokenizer
) -> str:
    place = _first_difference(ours, theirs)

    def piece(ids: Sequence[int], tokenizer: Tokenizer) -> str:
        if place >= len(ids):
            return "nothing more"
        return f"{ids[place]} ({tokenizer.decode([ids[place]], keep_special=True)!r})"

    return (
        f"at token {place} after BOS: {piece(ours, source)} by the source, {piece(theirs, gguf)} "
        "by the GGUF"
    )


def _bos_words(ours: int, theirs: int) -> str:
    if ours == theirs:
        return "another BOS"
    return "missing BOS" if theirs < ours else "double BOS" if theirs > 1 else "added BOS"


def _check(
    name: str, status: str, message: str, figures: Mapping[str, float], hint: str = ""
) -> Check:
    """A finding; whose it is, the summary says, since models that are alike share it."""
    return Check.model_validate(
        {"name": name, "model": "", "status": status, "message": message, "hint": hint,
         "figures": dict(figures)}
    )  # fmt: skip
