"""ROUGE of a summary against a reference, the way papers report it.

`rouge_score` computes it (stemmed, F-measure). What it leaves to its caller is splitting into
sentences, without which ROUGE-Lsum is silently ROUGE-L; its own option for that wants NLTK's
`punkt` model, a download.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Any

from harness.metrics.metric import Answer, Metric

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")

_BREAK = re.compile(r"(?<=[.!?…])([\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[^\W_a-zß-ÿ])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|No|Inc|Ltd|Co|Corp|vs|etc|approx|"
    r"e\.g|i\.e|a\.m|p\.m|[A-Z](?:\.[A-Z])+)\.$"
)


def rouge(reference: str, answer: str) -> dict[str, float]:
    """ROUGE-1, -2, -L and -Lsum (F-measures, 0 to 1) of an answer; 0 where nothing is shared.

    Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004). Words are runs of
    a-z and 0-9, Porter-stemmed: text in other scripts shares nothing with anything.
    """
    scores = _scorer().score(
        "\n".join(split_sentences(reference)), "\n".join(split_sentences(answer))
    )
    return {name: float(scores[name].fmeasure) for name in ROUGE}


def split_sentences(text: str) -> list[str]:
    """Sentences of English text: every line ends one, and so does `.`, `!`, `?` or `…` before a
    capital or a digit, but not after an initial or a common abbreviation."""
    return [sentence for line in text.splitlines() for sentence in _of_line(line)]


def _of_line(line: str) -> list[str]:
    sentences = []
    start = 0
    for match in _BREAK.finditer(line):
        if _ABBREVIATION.search(line[start : match.start()]):
            continue
        sentences.append(line[start : match.end(1)].strip())
        start = match.end()
    sentences.append(line[start:].strip())
    return [sentence for sentence in sentences if sentence]


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(ROUGE), use_stemmer=True)


_rouge_of_last = lru_cache(maxsize=1)(rouge)


def _score(name: str, answer: Answer) -> float:
    return _rouge_of_last(answer.target, answer.text or "")[name]


METRICS = tuple(
    Metric(
        name=name,
        label=label,
        higher_is_better=True,
        kind="mean",
        explanation=f"{explanation} (F-measure, 0 to 1).",
        score=partial(_score, name),
        bounded=True,
    )
    for name, label, explanation in (
        (
            "rouge1",
            "ROUGE-1",
            "How many single words a summary shares with one that a person wrote",
        ),
        (
            "rouge2",
            "ROUGE-2",
            "How many pairs of neighbouring words a summary shares with one that a person wrote",
        ),
        (
            "rougeL",
            "ROUGE-L",
            "The longest sequence of words, in order but with gaps, that a summary shares with one "
            "that a person wrote",
        ),
        (
            "rougeLsum",
            "ROUGE-Lsum",
            "ROUGE-L taken sentence by sentence, so that the order of sentences does not matter",
        ),
    )
)
