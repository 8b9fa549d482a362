"""One sentence of company news and what an investor makes of it.

The label follows from meaning, not from words: whether the metric is good or bad to have more of,
which way it moves, and whether the sentence says that the move happened, was denied, or fell short.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tools.starter.text.grammar import LATE, PLAIN, TEXT, Expansion, mend_articles, read_rules
from tools.starter.text.values import BUILTINS

LABELS = ("negative", "neutral", "positive")
_LABEL_SHARES = (0.27, 0.43, 0.30)
_FOLDER = Path(__file__).parent
_DIRECTIONS = {
    "up": {
        "went": "up",
        "go": "go_up",
        "went_bare": "went_up_bare",
        "gone": "gone_up",
        "change": "rise",
        "higher": "higher",
        "above": "above",
        "now": "high",
        "then": "low",
    },
    "down": {
        "went": "down",
        "go": "go_down",
        "went_bare": "went_down_bare",
        "gone": "gone_down",
        "change": "fall",
        "higher": "lower",
        "above": "below",
        "now": "low",
        "then": "high",
    },
}
_POLAR = ("moved", "surprise", "outlook", "denied", "muted", "event")
_POLAR_SHARES = (0.33, 0.14, 0.12, 0.07, 0.06, 0.28)
_NEUTRAL = ("steady", "mention", "fact")
_NEUTRAL_SHARES = (0.27, 0.43, 0.30)
_GOOD_METRICS = {PLAIN: 0.68, TEXT: 0.68}
_MOSTLY_GOOD = 0.78
_FLIPPING = ("denied", "muted")


@dataclass(frozen=True)
class News:
    """A sentence with its label.

    `words_say` is the label that the words alone suggest (up is good, down is bad); `used` are the
    grammar alternatives it was made of, `company` the firm it is about.
    """

    sentence: str
    label: str
    words_say: str
    expansion: Expansion

    @property
    def used(self) -> set[tuple[str, str]]:
        """The (rule, alternative) pairs that made this sentence."""
        return self.expansion.used


def _expansion(rng: Random, pool: str, aliases: dict[str, str] | None = None) -> Expansion:
    return Expansion(read_rules(_FOLDER), BUILTINS, rng, pool, aliases)


def write_news(rng: Random, pool: str, label: str | None = None) -> News:
    """A sentence of this pool, with this label or with one drawn by the usual shares."""
    label = label or rng.choices(LABELS, _LABEL_SHARES)[0]
    direction = rng.choice(("up", "down"))
    metric = "good" if rng.random() < _GOOD_METRICS.get(pool, _MOSTLY_GOOD) else "bad"
    if label == "neutral":
        kind = rng.choices(_NEUTRAL, _NEUTRAL_SHARES)[0]
    else:
        kind = rng.choices(_POLAR, _POLAR_SHARES)[0]
        is_good = (label == "positive") != (kind in _FLIPPING)
        direction = "up" if (metric == "good") == is_good else "down"
    words_say = {"up": "positive", "down": "negative"}[direction]
    if kind == "fact":
        words_say = "neutral"
    if kind == "event":
        kind = "goodnews" if label == "positive" else "badnews"
        words_say = label
    text = _expansion(rng, pool, {**_DIRECTIONS[direction], "metric": metric})
    frame = mend_articles(text.draw(kind))
    sentence = frame[:1].upper() + frame[1:]
    return News(sentence, label, words_say, text)


def write_glossary(rng: Random) -> str:
    """Plain prose: of what more is better, and which words say that something grew."""
    sentences = []
    for _ in range(rng.randint(3, 8)):
        kind = rng.choice(("good", "bad", "up", "down"))
        text = _expansion(rng, LATE, {"metric": kind})
        sentences.append(mend_articles(text.draw(f"gloss_{kind}")))
    return " ".join(sentences)


def write_lesson(rng: Random, pool: str) -> str:
    """Plain prose: what some moves of some metrics would mean for the owners."""
    sentences = []
    for _ in range(rng.randint(2, 5)):
        direction, metric = rng.choice(("up", "down")), rng.choice(("good", "bad"))
        text = _expansion(rng, pool, {**_DIRECTIONS[direction], "metric": metric})
        is_good = (metric == "good") == (direction == "up")
        kind = rng.choice(("", "", "", "denied_", "neutral"))
        if kind == "denied_":
            is_good = not is_good
        verdict = "" if kind == "neutral" else ("good" if is_good else "bad")
        sentences.append(mend_articles(text.draw(f"lesson_{kind}{verdict}")))
    return " ".join(sentences)


def write_article(rng: Random, pool: str) -> str:
    """Plain prose: one to three sentences on one firm that agree in mood, and how it was taken."""
    news = write_news(rng, pool)
    sentences = [news.sentence]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        more = write_news(rng, pool, news.label)
        sentences.append(more.sentence)
    text = news.expansion
    if ("company", "c") not in text.bound:
        text.bound["company", "c"] = text.draw("company")
    reaction = text.draw(f"react_{news.label}")
    sentences.append(reaction[:1].upper() + reaction[1:])
    return " ".join(sentences)
