"""How much is asked and learned: from encoded prompts where they are, else from the texts' lengths."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.data import draw
from harness.data.instruction_refs import draw_instructions, open_instructions
from harness.engines.contexts import common_prefix
from harness.estimate.inference import Ask
from harness.estimate.usual_data import read_data
from harness.plan.params import ExamplesParams, FinetuneParams, PromptsParams
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.tasks.prompts import PromptSet

BYTES_PER_TOKEN = 3.0
"""Of UTF-8 text through a tokenizer of 32,000 ids or more. Llama 2's makes a token of 3.00 bytes of
SAMSum's dialogues, 3.66 of PhraseBank, 3.8 of SAMSum's summaries and Dolly's contexts; one with more ids
makes fewer tokens."""
STARTER_BYTES_PER_TOKEN = 2.7
"""Of the starter's tokenizer (4,096 ids), which random weights have too: 2.34 of SAMSum's dialogues,
2.51 of PhraseBank, 2.7 and 3.3 of the project's own samples."""
TEMPLATE_TOKENS = 12
"""That a chat template adds to a question."""


@dataclass(frozen=True)
class LearnedTokens:
    """What a fine-tuning learns from, in tokens.

    Attributes:
        parts: tokens of each task and file.
        longest: tokens of the longest example.
        label_share: share of the tokens that are learned.
    """

    parts: tuple[int, ...]
    longest: int
    label_share: float

    def seen(self, params: FinetuneParams) -> int:
        """Tokens that a fine-tuning sees, counted as often as it sees them."""
        return round(sum(n * params.passes(part) for part, n in enumerate(self.parts)))


def asked_of(step: Step, store: ArtifactStore, bytes_per_token: float) -> Ask:
    """What a `prompts` step's task asks, as if to choose; a cell says what is done with it.

    Raises:
        HarnessError: its data cannot be read.
    """
    if store.manifest(step) is not None:
        return _encoded_prompts(PromptSet.read(store.file(step)))
    params, count = step.given(PromptsParams), _counter(bytes_per_token)
    before = params.system or ""
    if params.window:
        size = store.places.file(params.text).stat().st_size
        tokens = max(2, round(size / bytes_per_token))
        windows = -(-tokens // params.window)
        asked = min(windows, params.limit or windows)
        longest = min(tokens, params.window)
        return Ask("choose", asked, longest, tokens=min(tokens, asked * longest))
    if params.prompts:
        return _ask([count(before + text) + TEMPLATE_TOKENS for _, text in params.prompts])
    data, phrasing = read_data(store.places.data[params.contents])
    plain, labels = params.prompt or phrasing.plain, data.labels
    chosen = draw(data.test, params.limit, params.seed, bool(labels))
    shots = draw(data.train, params.shots, params.seed, bool(labels)) if params.shots else []
    before += "".join(f"{_filled(plain, shot.text)} {shot.target}\n\n" for shot in shots)
    sizes = [
        count(before + _filled(plain, one.text))
        + TEMPLATE_TOKENS
        + (0 if labels else count(" ".join(one.choices) or one.target))
        for one in chosen
    ]
    shared = count(before + plain.partition("{text}")[0]) - 1 if before else 0
    answers = [labels, *(one.choices for one in chosen)]
    scored = max(sum(count(f" {answer}") - 2 for answer in of) for of in answers)
    return _ask(sizes, shared, scored=scored + 1)


def learned_of(step: Step, store: ArtifactStore, bytes_per_token: float) -> LearnedTokens:
    """What an `examples` step's fine-tuning learns in an epoch.

    Raises:
        HarnessError: its data cannot be read.
    """
    if store.manifest(step) is not None:
        lines = store.file(step).read_text().split("\n")
        rows = [json.loads(line) for line in lines if line]
        return _learned(
            [(row.get("part", 0), len(row["prompt_ids"]), len(row["target_ids"])) for row in rows]
        )
    params, count = step.given(ExamplesParams), _counter(bytes_per_token)
    found: list[tuple[int, int, int]] = []
    for number, part in enumerate(params.sets):
        data, phrasing = read_data(store.places.data[part.contents])
        left_out = frozenset(part.left_out)
        train = [example for example in data.train if example.id not in left_out]
        plain = part.prompt or phrasing.plain
        for example in draw(train, params.limit_of(part), params.seed, bool(data.labels)):
            prompt = count(_filled(plain, example.text)) + TEMPLATE_TOKENS
            found.append((number, prompt, count(f" {example.target}")))
    for number, one in enumerate(params.instructions, start=len(params.sets)):
        ref, left_out = store.places.data[one.contents], frozenset(one.left_out)
        kept = tuple(row for row in open_instructions(ref).rows if row.id not in left_out)
        for row in draw_instructions(kept, params.limit, params.seed):
            turns = count("".join(message.content for message in row.messages))
            size = turns + TEMPLATE_TOKENS * len(row.messages)
            found.append((number, size, count(row.answer)))
    return _learned(found)


def _counter(bytes_per_token: float) -> Callable[[str], int]:
    """Reckons the tokens of a text, a begin marker included."""
    return lambda text: 1 + round(len(text.encode()) / bytes_per_token)


def _filled(template: str, text: str) -> str:
    return template.replace("{text}", text)


def _ask(sizes: Sequence[int], shared: int = 0, scored: int = 1) -> Ask:
    longest = max(sizes, default=1)
    return Ask("choose", len(sizes), longest, shared, scored=max(1, scored), tokens=sum(sizes))


def _encoded_prompts(found: PromptSet) -> Ask:
    prompts = found.prompts
    shared = common_prefix([prompt.ids for prompt in prompts])
    scored = (1 + sum(len(choice) - 1 for choice in prompt.choices) for prompt in prompts)
    sizes = [len(one.ids) + (0 if one.choices else len(one.target_ids)) for one in prompts]
    return _ask(sizes, shared, max(scored, default=1))


def _learned(rows: Sequence[tuple[int, int, int]]) -> LearnedTokens:
    """Of the examples' parts, and the tokens of their prompts and answers."""
    parts = [0] * (1 + max((part for part, _, _ in rows), default=0))
    for part, prompt, answer in rows:
        parts[part] += prompt + answer
    longest = max((prompt + answer for _, prompt, answer in rows), default=1)
    answers = sum(answer for _, _, answer in rows)
    return LearnedTokens(tuple(parts), longest, answers / sum(parts) if rows else 1.0)
