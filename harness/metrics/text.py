"""The metrics of text that the harness knows by name and that a suite has to ask for."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from functools import lru_cache, partial
from typing import Any

from harness.metrics.metric import Metric
from harness.words import WordRule, folded, pieces

ORDERS = 6
BETA = 2
NOTHING = 1e-9
"""What smoothing leaves of a score of 0, in sacreBLEU's hundredths, is less."""
_ARTICLES = re.compile(r"\b(a|an|the)\b")


class _NoPunctuation(dict[int, str]):
    """For `str.translate`: punctuation of any script goes, what ASCII has of symbols, and what is
    not seen."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        gone = character in string.punctuation or category.startswith("P") or category == "Cf"
        self[code] = "" if gone else character
        return self[code]


_NO_PUNCTUATION = _NoPunctuation()


def normal_words(text: str, rule: WordRule = "english") -> list[str]:
    """Words without case, punctuation and, where the rule is that of English, articles.

    Of texts in ASCII that is `normalize_answer` of SQuAD's own evaluation (Rajpurkar et al., arXiv
    1606.05250; evaluate-v1.1.py). Other scripts follow MLQA's (Lewis et al., arXiv 1910.07475): their
    punctuation is left out, and where they put no spaces between words each character is one.
    """
    bare = folded(text).translate(_NO_PUNCTUATION)
    return pieces(_ARTICLES.sub(" ", bare) if rule == "english" else bare)


def exact_match(prediction: str, target: str, rule: WordRule = "english") -> float:
    """1 where the normal words are the same; of a target that has none without its articles (`A`)
    where they are with them, and of one of punctuation alone (`+`) where the texts are."""
    rules: tuple[WordRule, ...] = (rule, "unicode")
    for read in rules:
        right = normal_words(target, read)
        if right or not target.strip():
            return float(normal_words(prediction, read) == right)
    return float(folded(prediction).split() == folded(target).split())


def token_f1(prediction: str, target: str, rule: WordRule = "english") -> float:
    """F1 of the bags of normal words; where one of them is empty, whether the texts are the same."""
    given, right = normal_words(prediction, rule), normal_words(target, rule)
    if not given or not right:
        return exact_match(prediction, target, rule)
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
    prediction, target = (unicodedata.normalize("NFC", text) for text in (prediction, target))
    shorter = min(len("".join(text.split())) for text in (prediction, target))
    if shorter == 0:
        return float(prediction.split() == target.split())
    found = _chrf(min(ORDERS, shorter), BETA).sentence_score(prediction, [target])
    return float(found.score) / 100 if found.score > NOTHING else 0.0


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
        "wrote, recall counting twice as much as precision (chrF2, 0 to 1).",
        score=lambda answer: chrf(answer.text or "", answer.target),
    ),
    _likeness(
        name="token_f1",
        label="Word F1",
        kind="mean",
        explanation="The words that an answer shares with the right one, as SQuAD counts them: "
        "without case, punctuation and English articles (F1, 0 to 1); in scripts without spaces, "
        "characters.",
        score=lambda answer: token_f1(answer.text or "", answer.target, answer.rule),
        by_words=True,
    ),
    _likeness(
        name="exact_match",
        label="Exact match",
        kind="proportion",
        explanation="The share of answers that are the right one word for word, without case, "
        "punctuation and English articles, as SQuAD compares them.",
        score=lambda answer: exact_match(answer.text or "", answer.target, answer.rule),
        by_words=True,
    ),
)
