"""A GGUF against the weights it was made from, before anything is measured on it.

llama.cpp and Transformers implement each architecture on their own, and a conversion can go
wrong without a word: a Gemma 3 saved by Transformers 5 converts, loads, and is another model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.engines import open_engine
from harness.engines.protocol import Engine, EngineSpec, LogProbs
from harness.errors import BadDataError
from harness.records import Parity

MAX_LOGPROB_DIFFERENCE = 0.1
"""Nats. An F16 file differs by rounding: 0.0015 on random models of four architectures, 0.02 on
the fine-tuned starter. Q8_0 differs by 0.6 there, a failed conversion of Gemma 3 by 0.9."""
MAX_MEAN_KL = 1e-4
"""Nats a token. On the starter F16 gives 5e-7 and Q8_0 3e-4, which more would hide."""
MIN_TOP1_AGREEMENT = 0.99
"""Q8_0 of the starter agrees in 98.8%, F16 in all, ties aside."""
TIE_NATS = 0.01
"""Pieces this close to the first count as equally first: rounding may swap them."""
MIN_PROBABILITY = 1e-4
"""Rarer pieces are left out of the largest difference: nothing is ever decided by them."""
_ROWS = 256


@dataclass
class _Tally:
    """Running sums over the positions compared so far."""

    positions: int = 0
    kl: float = 0.0
    same_top1: int = 0
    largest: float = 0.0
    finite: bool = True

    def add(self, reference: LogProbs, candidate: LogProbs) -> None:
        """Takes in two blocks of log-probabilities of shape (positions, vocabulary)."""
        p, q = reference.astype(np.float64), candidate.astype(np.float64)
        self.finite &= bool(np.isfinite(p.max()) and np.isfinite(q.max()))
        difference = np.where(np.maximum(p, q) >= np.log(MIN_PROBABILITY), np.abs(p - q), 0.0)
        self.positions += len(p)
        self.kl += float(kl_divergence(p, q).sum())
        self.largest = max(self.largest, float(difference.max()))
        chosen = np.take_along_axis(p, q.argmax(axis=1)[:, None], axis=1)[:, 0]
        self.same_top1 += int((p.max(axis=1) - chosen <= TIE_NATS).sum())


def kl_divergence(
    p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """KL(p ‖ q) in nats of each row of log-probabilities; pieces that p rules out add nothing."""
    with np.errstate(invalid="ignore"):
        terms = np.exp(p) * (p - q)
    result: npt.NDArray[np.float64] = np.where(np.isneginf(p), 0.0, terms).sum(axis=1)
    return result


@dataclass(frozen=True)
class Prompt:
    """A text and the ids that it was encoded to."""

    text: str
    ids: list[int]


def check_parity(weights: Path, gguf: Path, prompts: Path, out: Path) -> Parity:
    """Compares both models' next-token distributions, and both tokenizers, on some prompts.

    `prompts` is JSON lines of `text` and `ids`, the ids by the tokenizer of `weights`. The
    weights run in float32. The record, also written to `out` as JSON, says whether the GGUF may
    be measured; a GGUF that fails is a finding, not an error.

    Raises:
        BadDataError: `prompts` holds none, or a line that is not one.
        BadModelError: one of the models cannot be loaded.
    """
    asked = _read_prompts(prompts)
    reference = open_engine(EngineSpec(weights=str(weights), dtype="float32"))
    try:
        candidate = open_engine(EngineSpec(gguf=str(gguf)))
        try:
            parity = compare(reference, candidate, asked, weights.name)
        finally:
            candidate.close()
    finally:
        reference.close()
    out.write_text(parity.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return parity


def compare(
    reference: Engine, candidate: Engine, prompts: Sequence[Prompt], against: str
) -> Parity:
    """The record of two engines on the same prompts; `against` names the reference in it."""
    tally = _Tally()
    same_tokens = 0
    vocabularies = (reference.info.vocab_size, candidate.info.vocab_size)
    for prompt in prompts:
        same_tokens += reference.encode(prompt.text) == prompt.ids == candidate.encode(prompt.text)
        for ours, theirs in _blocks(reference, candidate, prompt.ids):
            width = min(ours.shape[1], theirs.shape[1])
            tally.add(ours[:, :width], theirs[:, :width])
    share = same_tokens / len(prompts)
    reason = _complaint(tally, share, vocabularies)
    return Parity(
        against=against,
        prompts=len(prompts),
        tokens=tally.positions,
        same_tokens=share,
        max_logprob_difference=tally.largest,
        mean_kl=tally.kl / tally.positions,
        top1_agreement=tally.same_top1 / tally.positions,
        passed=reason is None,
        reason=reason or "Same token ids, and the same distributions within F16 rounding.",
    )


def _blocks(
    reference: Engine, candidate: Engine, ids: Sequence[int]
) -> Iterator[tuple[LogProbs, LogProbs]]:
    return zip(
        reference.distributions(ids, _ROWS), candidate.distributions(ids, _ROWS), strict=True
    )


def _complaint(tally: _Tally, same_tokens: float, vocabularies: tuple[int, int]) -> str | None:
    """What is wrong, in plain words; None where all is within its limit."""
    if vocabularies[0] != vocabularies[1]:
        return "The vocabularies differ: {} pieces before conversion, {} after.".format(
            *vocabularies
        )
    if not tally.finite:
        return "One of the models gives NaN instead of probabilities."
    if same_tokens < 1.0:
        return (
            f"Only {same_tokens:.1%} of the prompts get the same token ids from both tokenizers "
            "as they were encoded with: text would be read differently after conversion."
        )
    mean_kl, top1 = tally.kl / tally.positions, tally.same_top1 / tally.positions
    found = []
    if tally.largest > MAX_LOGPROB_DIFFERENCE:
        found.append(
            f"a log-probability differs by {tally.largest:.3g} (limit {MAX_LOGPROB_DIFFERENCE:g})"
        )
    if mean_kl > MAX_MEAN_KL:
        found.append(f"the mean KL divergence is {mean_kl:.3g} (limit {MAX_MEAN_KL:g})")
    if top1 < MIN_TOP1_AGREEMENT:
        found.append(f"the likeliest piece agrees in {top1:.1%} (limit {MIN_TOP1_AGREEMENT:.0%})")
    if not found:
        return None
    return f"The GGUF is not the model it was made from: {', '.join(found)}."


def _read_prompts(path: Path) -> list[Prompt]:
    prompts = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                prompts.append(Prompt(str(row["text"]), [int(token) for token in row["ids"]]))
            except (ValueError, KeyError, TypeError) as error:
                raise BadDataError(
                    f"{path.name}:{number} is not a prompt: {error!r}.",
                    'Each line is {"text": "...", "ids": [...]}.',
                ) from error
    if not any(prompt.ids for prompt in prompts):
        raise BadDataError(f"{path.name} holds no prompts to compare on.")
    return prompts
