"""Whether a model can read what it is asked: that different prompts are different ids, and known ones.

A tokenizer without byte fallback turns what it does not know into one id for all of it: whole alphabets
become the same prompt, and every label the same answer, without an error.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from harness.engines.tokenizer import Tokenizer
from harness.models.parity.prompts import CheckedPrompt
from harness.records import Check

MOST_UNKNOWN = 0.25
"""Share of unknown tokens from which on nothing can be made of a task."""
HINT = "Take a model whose tokenizer knows this language."


class ReadPrompt(CheckedPrompt, Protocol):
    """The part of a prompt that is looked at here (see `harness.tasks.prompts.Prompt`)."""

    @property
    def choices(self) -> tuple[tuple[int, ...], ...]: ...
    @property
    def continuations(self) -> tuple[str, ...]: ...


def check_legible(tokenizer: Tokenizer, prompts: Sequence[ReadPrompt]) -> Check:
    """Whether prompts of different texts, and choices of different words, differ for the model.

    Args:
        tokenizer: the lineage's own.
        prompts: all of one task.
    """
    alike, merged = _alike(prompts), _merged(prompts)
    unknown = unknown_share(tokenizer, (prompt.ids for prompt in prompts))
    figures = {"prompts": float(len(prompts)), "alike": float(alike), "unknown": unknown}
    found = {"name": "prompts", "model": "", "figures": figures}
    if alike:
        why = f"{alike} of {len(prompts)} prompts are the same token ids as another one's, though their texts differ"
    elif merged:
        why = f"the choices {merged} are the same token ids"
    elif unknown >= MOST_UNKNOWN:
        why = f"{unknown:.0%} of the tokens that are asked are unknown to the tokenizer"
    else:
        said = "Prompts and choices are told apart by their token ids."
        return Check.model_validate(found | {"status": "passed", "message": said})
    return Check.model_validate(found | {"status": "failed", "message": f"{why}.", "hint": HINT})


def unknown_share(tokenizer: Tokenizer, prompts: Iterable[Sequence[int]]) -> float:
    """The share of tokens, from 0 to 1, that stand for whatever the tokenizer does not know."""
    ids = [token for prompt in prompts for token in prompt]
    known = {token: not tokenizer.is_unknown(token) for token in set(ids)}
    return sum(not known[token] for token in ids) / len(ids) if ids else 0.0


def _alike(prompts: Sequence[ReadPrompt]) -> int:
    """How many prompts have the ids of another one whose text is another."""
    texts: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for prompt in prompts:
        texts[prompt.ids, prompt.choices].append(_form(prompt.text))
    return sum(len(of) for of in texts.values() if len(set(of)) > 1)


def _merged(prompts: Sequence[ReadPrompt]) -> str:
    """Two choices of one prompt that are the same ids; "" where there are none."""
    for prompt in prompts:
        words: dict[tuple[int, ...], str] = {}
        for ids, word in zip(prompt.choices, prompt.continuations, strict=False):
            other = words.setdefault(ids, word)
            if _form(other) != _form(word):
                return f"{other.strip()!r} and {word.strip()!r}"
    return ""


def _form(text: str) -> str:
    """A text without what tokenizers may level: case, width, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
