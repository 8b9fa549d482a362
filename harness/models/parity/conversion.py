"""Two models that should be one, held against each other on the suite's prompts.

Here a GGUF and the weights it was made from; `merge_parity` does the same with a merged model.

llama.cpp and Transformers implement each architecture on their own, and a conversion can go
wrong without a word: a Gemma 3 whose attention has a scale of its own converts, loads, and is another
model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.engines import open_engine
from harness.engines.finite import told_by
from harness.engines.protocol import Engine, EngineSpec, LogProbs
from harness.errors import BadDataError, NotFiniteError
from harness.metrics.divergence import kl_divergence
from harness.quantities import plural
from harness.records import Parity, ParityLimits

MAX_LOGPROB_DIFFERENCE = 0.1
"""The largest difference in nats that passes. An F16 file differs by rounding: 0.0015 on random models
of four architectures, 0.02 on the fine-tuned starter. Q8_0 differs by 0.6 there, a failed conversion of
Gemma 3 by 0.9. A merge differs by 0.012 there, one into the wrong precision by 2.4, an adapter left
out by 14."""
MAX_MEAN_KL = 1e-4
"""The largest mean in nats a token that passes. On the starter F16 gives 1e-6, a merge 3e-7, and Q8_0
3e-4, which a larger limit would hide."""
MIN_TOP1_AGREEMENT = 0.99
"""Q8_0 of the starter agrees in 98.8%, F16 in all, ties aside."""
LIMITS = ParityLimits(
    max_logprob_difference=MAX_LOGPROB_DIFFERENCE,
    mean_kl=MAX_MEAN_KL,
    top1_agreement=MIN_TOP1_AGREEMENT,
)
TIE_NATS = 0.01
"""Pieces this close to the first count as equally first: rounding may swap them."""
MIN_PROBABILITY = 1e-4
"""Rarer pieces are left out of the largest difference: nothing is ever decided by them."""
ROWS = 256
"""Of a block of distributions."""


class Distributions(Protocol):
    """The part of an engine that is compared."""

    def distributions(self, ids: Sequence[int], rows: int = ROWS) -> Iterator[LogProbs]:
        """See `harness.engines.protocol.Engine.distributions`."""


@dataclass
class DifferenceSums:
    """Running sums over the positions compared so far."""

    positions: int = 0
    pieces: int = 0
    """The pieces of all positions whose differences count."""
    kl: float = 0.0
    same_top1: int = 0
    largest: float = 0.0
    differences: float = 0.0
    fault: str = ""
    """Why there is nothing to compare, as a sentence: one of the two gives NaN."""

    def add(self, reference: LogProbs, candidate: LogProbs) -> None:
        """Takes in two blocks of log-probabilities of shape (positions, vocabulary)."""
        p, q = reference.astype(np.float64), candidate.astype(np.float64)
        counted = np.maximum(p, q) >= np.log(MIN_PROBABILITY)
        difference = np.abs(p[counted] - q[counted])
        self.positions += len(p)
        self.pieces += difference.size
        self.differences += float(difference.sum())
        self.kl += float(kl_divergence(p, q).sum())
        self.largest = max(self.largest, float(difference.max(initial=0.0)))
        chosen = np.take_along_axis(p, q.argmax(axis=1)[:, None], axis=1)[:, 0]
        self.same_top1 += int((p.max(axis=1) - chosen <= TIE_NATS).sum())

    def beyond_limits(self) -> str:
        """What exceeds its limit, with the figures; empty where nothing does."""
        found = []
        if self.largest > MAX_LOGPROB_DIFFERENCE:
            found.append(
                f"a log-probability differs by {self.largest:.3g} "
                f"(limit {MAX_LOGPROB_DIFFERENCE:g})"
            )
        mean_kl, top1 = self.kl / self.positions, self.same_top1 / self.positions
        if mean_kl > MAX_MEAN_KL:
            found.append(f"the mean KL divergence is {mean_kl:.3g} (limit {MAX_MEAN_KL:g})")
        if top1 < MIN_TOP1_AGREEMENT:
            limit = f"limit {MIN_TOP1_AGREEMENT:.0%}"
            found.append(f"the likeliest piece agrees in {top1:.1%} ({limit})")
        return ", ".join(found)

    def record(
        self, against: str, prompts: int, same_tokens: float, wrong: str, well: str
    ) -> Parity:
        """The record; `wrong` says why it does not pass, and is empty where it does."""
        looked = f"on {plural(self.positions, 'token')} of {plural(prompts, 'prompt')}"
        return Parity(
            against=against,
            prompts=prompts,
            tokens=self.positions,
            same_tokens=same_tokens,
            max_logprob_difference=self.largest,
            mean_logprob_difference=self.differences / max(1, self.pieces),
            mean_kl=self.kl / max(1, self.positions),
            top1_agreement=self.same_top1 / max(1, self.positions),
            limits=LIMITS,
            passed=not wrong,
            reason=wrong or f"{well}, {looked}.",
        )


@dataclass(frozen=True)
class ParityPrompt:
    """Ids, the text that they are of (None where it was cut within words), and how many are run."""

    text: str | None
    ids: list[int]
    run: int


def check_parity(weights: Path, gguf: Path, prompts: Path, out: Path) -> Parity:
    """Compares both models' next-token distributions, and both tokenizers, on some prompts.

    `prompts` is JSON lines of `text`, `ids` (by the tokenizer of `weights`) and how many of them to
    `run`. The weights run in float32. The record, also written to `out` as JSON, says whether the GGUF may
    be measured; a GGUF that fails is a finding, not an error.

    Raises:
        BadDataError: `prompts` holds none, or a line that is not one.
        BadModelError: one of the models cannot be loaded.
    """
    asked = read_prompts(prompts)
    reference = open_engine(EngineSpec(weights=str(weights), dtype="float32"))
    try:
        candidate = open_engine(EngineSpec(gguf=str(gguf)))
        try:
            parity = compare(reference, candidate, asked, weights.name)
        finally:
            candidate.close()
    finally:
        reference.close()
    if not parity.passed:
        parity = parity.model_copy(update={"reason": parity.reason + _cause(weights)})
    out.write_text(parity.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return parity


def _cause(weights: Path) -> str:
    """What is known to be lost in conversion, as a sentence; empty where nothing is.

    Of Gemma 2 and 3 llama.cpp takes the width of a head for the scale of the attention, and
    GGUF has no key for it.
    """
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    scale, head = config.get("query_pre_attn_scalar"), config.get("head_dim")
    if scale is None or scale == head:
        return ""
    return (
        f" config.json scales the attention by query_pre_attn_scalar ({scale}), llama.cpp by the "
        f"width of a head ({head})."
    )


def compare(
    reference: Engine, candidate: Engine, prompts: Sequence[ParityPrompt], against: str
) -> Parity:
    """The record of two engines on the same prompts; `against` names the reference in it."""
    vocabularies = (reference.info.vocab_size, candidate.info.vocab_size)
    same = [
        reference.encode(prompt.text) == prompt.ids == candidate.encode(prompt.text)
        for prompt in prompts
        if prompt.text is not None
    ]
    share = sum(same) / len(same) if same else 1.0
    tally = tally_differences(reference, candidate, prompts)
    wrong = _complaint(tally, share, vocabularies)
    well = "Same token ids, and the same distributions within F16 rounding"
    return tally.record(against, len(prompts), share, wrong, well)


def tally_differences(
    reference: Distributions, candidate: Distributions, prompts: Sequence[ParityPrompt]
) -> DifferenceSums:
    """How far two models' next-token distributions are apart, over all positions of all prompts."""
    tally = DifferenceSums()
    try:
        for prompt in prompts:
            ids = prompt.ids[: prompt.run]
            expected = told_by(reference.distributions(ids, ROWS), "What it was made from")
            found = told_by(candidate.distributions(ids, ROWS), "What was made")
            for ours, theirs in zip(expected, found, strict=True):
                width = min(ours.shape[1], theirs.shape[1])
                tally.add(ours[:, :width], theirs[:, :width])
    except NotFiniteError as error:
        return DifferenceSums(fault=error.message)
    if not math.isfinite(tally.largest + tally.kl):
        return DifferenceSums(
            fault="One of the models rules out a token that the other finds likely."
        )
    return tally


def _complaint(tally: DifferenceSums, same_tokens: float, vocabularies: tuple[int, int]) -> str:
    """What is wrong, as a sentence; empty where all is within its limit."""
    if vocabularies[0] != vocabularies[1]:
        return "The vocabularies differ: {} pieces before conversion, {} after.".format(
            *vocabularies
        )
    if tally.fault:
        return tally.fault
    if same_tokens < 1.0:
        return (
            f"Only {same_tokens:.1%} of the prompts get the same token ids from both tokenizers "
            "as they were encoded with: text would be read differently after conversion."
        )
    beyond = tally.beyond_limits()
    return f"The GGUF is not the model it was made from: {beyond}." if beyond else ""


def read_prompts(path: Path) -> list[ParityPrompt]:
    """The prompts of a file of JSON lines, each with `text` and `ids`.

    Raises:
        BadDataError: it holds none, or a line that is not one.
    """
    prompts = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                text = None if row["text"] is None else str(row["text"])
                ids = [int(token) for token in row["ids"]]
                prompts.append(ParityPrompt(text, ids, int(row["run"])))
            except (ValueError, KeyError, TypeError) as error:
                raise BadDataError(
                    f"{path.name}:{number} is not a prompt: {error!r}.",
                    'Each line is {"text": "...", "ids": [...], "run": 3}.',
                ) from error
    if not any(prompt.ids[: prompt.run] for prompt in prompts):
        raise BadDataError(f"{path.name} holds no prompts to compare on.")
    return prompts
