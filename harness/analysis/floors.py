"""What a task yields without any language model: the floor that a reader judges a figure by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from harness.analysis.metrics import compute_metrics
from harness.metrics.metric import Answer
from harness.metrics.registry import METRICS, scores_of
from harness.metrics.rouge import ROUGE
from harness.metrics.sentences import split_sentences
from harness.records import WORDLESS, Sample, Value
from harness.words import Wording, words, words_by

LEAD_TURNS = 3
GRADED = ("accuracy", "macro_f1")


class Question(Protocol):
    """An example whose answer is one of its own choices."""

    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def target(self) -> str: ...


def classification_floors(
    train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], seed: int
) -> dict[str, dict[str, Value]]:
    """What answering the commonest label, and what a bag of words, would score on `test`.

    `majority` answers the most frequent label of `train` (the first in the alphabet of equals).
    `tfidf` is scikit-learn's `TfidfVectorizer` on single words and pairs of neighbours (lower
    case, words of two characters and more, smoothed idf, L2 norm) and `LogisticRegression` (L2,
    C = 1, lbfgs, at most 1,000 iterations) fitted on `train`. Where texts are not in English, or
    one of them has no word of two letters, words are those of any script (`harness.words`), of one
    letter, too. It is left out where `train` has one label or no words; both are where either part
    is empty.

    Args:
        train: pairs of text and label.
        test: pairs of text and label.
        seed: of the intervals' bootstrap.
    """
    if not train or not test:
        return {}
    counts = Counter(label for _, label in train)
    majority = min(counts, key=lambda label: (-counts[label], label))
    targets = [label for _, label in test]
    floors = {"majority": _graded(GRADED, targets, [majority] * len(test), seed)}
    fitted = _bag_of_words(train)
    if fitted is not None:
        answers = fitted.predict([text for text, _ in test])
        floors["tfidf"] = _graded(GRADED, targets, map(str, answers), seed)
    return floors


def summary_floor(
    dialogues: Sequence[str], references: Sequence[str], seed: int
) -> dict[str, dict[str, Value]]:
    """ROUGE of "lead": the first three turns of each dialogue as its summary.

    The lead of a text is the customary floor of summarization; see `lead_sentences`.
    """
    return {"lead": _graded(ROUGE, references, map(lead_sentences, dialogues), seed)}


def choice_floors(
    train: Sequence[Question], test: Sequence[Question], seed: int
) -> dict[str, dict[str, Value]]:
    """What guessing, and always answering the same place, would score on questions with choices.

    `chance` is the expected accuracy of a guess, the mean of 1 / choices, which has no interval.
    `position` answers the place where right answers most often stand in `train` (the first of
    equals), or the last choice of a question that has fewer; it is left out where `train` is empty.

    Args:
        train: examples with choices.
        test: examples with choices.
        seed: of the intervals' bootstrap.
    """
    if not test:
        return {}
    chance = sum(1 / len(one.choices) for one in test) / len(test)
    floors = {"chance": {"accuracy": Value(value=chance)}}
    if train:
        places = Counter(one.choices.index(one.target) for one in train)
        place = min(places, key=lambda of: (-places[of], of))
        answers = [one.choices[min(place, len(one.choices) - 1)] for one in test]
        floors["position"] = _graded(("accuracy",), [one.target for one in test], answers, seed)
    return floors


def lead_sentences(dialogue: str) -> str:
    """The first three turns (lines that are not blank, speakers' names kept), a line each.

    A text of a single line gives its first three sentences.
    """
    turns = [line.strip() for line in dialogue.splitlines() if line.strip()]
    if len(turns) == 1:
        turns = split_sentences(turns[0])
    return "\n".join(turns[:LEAD_TURNS])


def _bag_of_words(train: Sequence[tuple[str, str]]) -> Any:
    """A fitted scikit-learn pipeline, or None where there is nothing to fit."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, labels = [text for text, _ in train], [label for _, label in train]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    analyze = vectorizer.build_analyzer()
    if Wording.of(texts).rule != "english" or not all(analyze(text) for text in texts):
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), tokenizer=words, token_pattern=None)
        analyze = vectorizer.build_analyzer()
    if len(set(labels)) < 2 or not any(analyze(text) for text in texts):
        return None
    return make_pipeline(vectorizer, LogisticRegression(max_iter=1000)).fit(texts, labels)


def _graded(
    names: Sequence[str], targets: Iterable[str], answers: Iterable[str], seed: int
) -> dict[str, Value]:
    """Grades answers by some metrics, with the code that grades a model."""
    metrics, targets = [METRICS[name] for name in names], list(targets)
    rule = Wording.of(targets).rule
    samples = [
        Sample(
            key="floor",
            index=index,
            id=f"{index:09}",
            target=target,
            answer=answer,
            data={} if words_by(rule, target) else {WORDLESS: True},
            scores=scores_of(metrics, Answer(answer, target, rule=rule)),
        )
        for index, (target, answer) in enumerate(zip(targets, answers, strict=True))
    ]
    return compute_metrics(metrics, samples, seed)
