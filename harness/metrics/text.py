"""The metrics of text that the harness knows by name and that a suite has to ask for."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import lru_cache, partial
from typing import Any

from harness.metrics.metric import Metric

ORDERS = 6
BETA = 2
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normal_words(text: str) -> list[str]:
    """Words without case, punctuation and articles: `normalize_answer` of SQuAD's own evaluation.

    Rajpurkar et al., arXiv 1606.05250; evaluate-v1.1.py.
    """
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def exact_match(prediction: str, target: str) -> float:
    """1 where the normal words are the same."""
    return float(normal_words(prediction) == normal_words(target))


def token_f1(prediction: str, target: str) -> float:
    """F1 of the bags of normal words; where one of them is empty, whether both are (SQuAD 2.0)."""
    given, right = normal_words(prediction), normal_words(target)
    if not given or not right:
        return float(given == right)
    common = sum((Counter(given) & Counter(right)).values())
    return 2 * common / (len(given) + len(right))


def chrf(prediction: str, target: str) -> float:
    """chrF2: F of runs of 1 to 6 characters, spaces aside, averaged over their lengths.

    Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015), with the weight of
    recall of "chrF deconstructed" (2016), by sacreBLEU with `eps_smoothing`: F of each length, then
    their mean, as NLTK and Moses have it (without it sacreBLEU takes F of mean precision and recall,
    which differs in the third digit). Lengths that the shorter text does not reach are left out. From
    0 to 1, where sacreBLEU counts to 100.
    """
    shorter = min(len("".join(text.split())) for text in (prediction, target))
    if shorter == 0:
        return float(prediction.split() == target.split())
    found = _chrf(min(ORDERS, shorter), BETA).sentence_score(prediction, [target])
    return float(found.score) / 100


@lru_cache
def _chrf(orders: int, beta: int) -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(char_order=orders, beta=beta, eps_smoothing=True)


_likeness = partial(Metric, higher_is_better=True, bounded=True)
METRICS = (
    _likeness(
        name="chrf",
        label="chrF",
        kind="mean",
        explanation="How many runs of one to six characters an answer shares with one that a person "
        "wrote, recall counting twice as much as precision (chrF2, 0 to 1); unlike ROUGE it reads "
        "every script.",
        score=lambda answer: chrf(answer.text or "", answer.target),
    ),
    _likeness(
        name="token_f1",
        label="Word F1",
        kind="mean",
        explanation="The words that an answer shares with the right one, as SQuAD counts them: "
        "without case, punctuation and articles (F1, 0 to 1).",
        score=lambda answer: token_f1(answer.text or "", answer.target),
    ),
    _likeness(
        name="exact_match",
        label="Exact match",
        kind="proportion",
        explanation="The share of answers that are the right one word for word, without case, "
        "punctuation and articles, as SQuAD compares them.",
        score=lambda answer: exact_match(answer.text or "", answer.target),
    ),
)
