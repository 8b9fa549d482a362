"""ROUGE of a text against a reference, the way papers report it, in any script.

`rouge_score` computes it (F-measure). What it leaves to its caller is splitting into sentences,
without which ROUGE-Lsum is silently ROUGE-L (its own option for that wants NLTK's `punkt` model, a
download), and any word that is not in a to z: its own tokenizer cuts other letters out, so that a
Russian text shares nothing with itself, and `Köln` two pieces with `Käln`.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from harness.metrics.metric import Answer, Metric
from harness.metrics.sentences import split_sentences
from harness.words import WordRule, words

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def rouge(reference: str, answer: str, rule: WordRule = "english") -> dict[str, float]:
    """ROUGE-1, -2, -L and -Lsum (F-measures, 0 to 1) of an answer; 0 where nothing is shared.

    Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004).

    Args:
        reference: what a person wrote; without a word in it, every figure is 0.
        answer: what is graded.
        rule: `english` is `rouge_score`'s own with its stemmer (Porter), as papers have it; `unicode`
            has words of every script, and stems none.
    """
    scores = _scorer(rule).score(
        "\n".join(split_sentences(reference)), "\n".join(split_sentences(answer))
    )
    return {name: float(scores[name].fmeasure) for name in ROUGE}


class _Words:
    """What `rouge_score` splits texts by in its tokenizer's place."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


@lru_cache
def _scorer(rule: WordRule) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    if rule == "english":
        return RougeScorer(list(ROUGE), use_stemmer=True)
    return RougeScorer(list(ROUGE), tokenizer=_Words())


_rouge_of_last = lru_cache(maxsize=1)(rouge)


def _score(name: str, answer: Answer) -> float:
    return _rouge_of_last(answer.target, answer.text or "", answer.rule)[name]


METRICS = tuple(
    Metric(
        name=name,
        label=label,
        higher_is_better=True,
        kind="mean",
        explanation=f"{explanation} (F-measure, 0 to 1; English words are stemmed).",
        score=partial(_score, name),
        bounded=True,
        by_words=True,
        of_words=True,
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
