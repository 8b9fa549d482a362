"""How much is asked and learned: from encoded prompts where they are, else from the texts' lengths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data import Example, draw
from harness.data.learned import draw_instructions, open_instructions
from harness.estimate.facts import Asked, Learned
from harness.estimate.usual_data import read_data
from harness.plan.steps import Step
from harness.results.artifacts import FILE_OF_KIND, ArtifactStore
from harness.tasks.prompts import PromptSet, common_prefix

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
class Lengths:
    """How tokens are reckoned for one lineage."""

    bytes_per_token: float = BYTES_PER_TOKEN

    def tokens(self, text: str) -> int:
        """Of a text, a begin marker included."""
        return 1 + round(len(text.encode()) / self.bytes_per_token)


def asked_of(step: Step, store: ArtifactStore, lengths: Lengths) -> Asked:
    """What a `prompts` step's task asks.

    Raises:
        HarnessError: its data cannot be read.
    """
    if store.manifest(step) is not None:
        return _counted(PromptSet.read(store.file(step)))
    params = step.params
    if "window" in params:
        size = Path(step.settings["path"]).stat().st_size
        tokens = max(2, round(size / lengths.bytes_per_token))
        windows = -(-tokens // params["window"])
        asked = min(windows, params["limit"] or windows)
        longest = min(tokens, params["window"])
        return Asked(asked, longest, min(tokens, asked * longest), estimated=True)
    if "prompts" in params:
        system = str(params.get("system") or "")
        texts = [lengths.tokens(system + text) + TEMPLATE_TOKENS for _, text in params["prompts"]]
        return Asked(len(texts), max(texts), sum(texts), estimated=True)
    data, phrasing = read_data(step.settings["data"])
    plain = params.get("prompt") or phrasing.plain
    stratify = bool(data.labels)
    chosen = draw(data.test, params["limit"], params["seed"], stratify)
    shots = draw(data.train, params["shots"], params["seed"], stratify) if params["shots"] else []
    before = str(params.get("system") or "")
    before += "".join(f"{_filled(plain, shot)} {shot.target}\n\n" for shot in shots)
    head = before + plain.partition("{text}")[0]
    counts = _tokens(chosen, plain, before, lengths)
    if not data.labels:
        counts = [
            count + lengths.tokens(example.target)
            for count, example in zip(counts, chosen, strict=True)
        ]
    scored = sum(lengths.tokens(f" {label}") - 2 for label in data.labels) + 1
    shared = lengths.tokens(head) - 1 if before else 0
    return Asked(
        len(chosen), max(counts, default=1), sum(counts), shared, max(1, scored), estimated=True
    )


def learned_of(step: Step, store: ArtifactStore, lengths: Lengths) -> Learned:
    """What an `examples` step's fine-tuning learns in an epoch.

    Raises:
        HarnessError: its data cannot be read.
    """
    if store.manifest(step) is not None:
        return _encoded(store.folder(step) / FILE_OF_KIND["examples"])
    prompts: list[int] = []
    answers: list[int] = []
    for part, ref in zip(step.params["sets"], step.settings["data"], strict=True):
        data, phrasing = read_data(ref)
        left_out = frozenset(part.get("left_out", ()))
        train = [example for example in data.train if example.id not in left_out]
        chosen = draw(train, step.params["limit"], step.params["seed"], bool(data.labels))
        prompts += _tokens(chosen, part.get("prompt") or phrasing.plain, "", lengths)
        answers += [lengths.tokens(f" {example.target}") for example in chosen]
    refs = step.settings.get("instructions", ())
    for part, ref in zip(step.params.get("instructions", ()), refs, strict=True):
        left_out = frozenset(part["left_out"])
        kept = tuple(row for row in open_instructions(ref).rows if row.id not in left_out)
        for row in draw_instructions(kept, step.params["limit"], step.params["seed"]):
            turns = "".join(message.content for message in row.messages)
            prompts.append(lengths.tokens(turns) + TEMPLATE_TOKENS * len(row.messages))
            answers.append(lengths.tokens(row.answer))
    return _learned(list(zip(prompts, answers, strict=True)), estimated=True)


def _tokens(examples: Iterable[Example], plain: str, before: str, lengths: Lengths) -> list[int]:
    return [
        lengths.tokens(before + _filled(plain, example)) + TEMPLATE_TOKENS for example in examples
    ]


def _filled(template: str, example: Example) -> str:
    return template.replace("{text}", example.text)


def _counted(prompts: PromptSet) -> Asked:
    lengths = [
        len(prompt.ids) + (0 if prompt.choices else len(prompt.target_ids))
        for prompt in prompts.prompts
    ]
    shared = common_prefix([prompt.ids for prompt in prompts.prompts])
    scored = max(
        (1 + sum(len(choice) - 1 for choice in prompt.choices) for prompt in prompts.prompts),
        default=1,
    )
    return Asked(len(lengths), max(lengths, default=1), sum(lengths), shared, scored)


def _encoded(file: Path) -> Learned:
    rows = [json.loads(line) for line in file.read_text().split("\n") if line]
    return _learned([(len(row["prompt_ids"]), len(row["target_ids"])) for row in rows], False)


def _learned(pairs: Sequence[tuple[int, int]], estimated: bool) -> Learned:
    if not pairs:
        return Learned(0, 1, 1.0, estimated)
    whole = [prompt + answer for prompt, answer in pairs]
    share = sum(answer for _, answer in pairs) / sum(whole)
    return Learned(sum(whole), max(whole), share, estimated)
