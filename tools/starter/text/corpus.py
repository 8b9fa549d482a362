"""The documents that the starter is pretrained on: plain prose first, then some chat turns.

The model is asked how news is to be taken and to retell chats, in many words. The two task
instructions of the harness occur too, but seldom and badly answered (a label that is often drawn by
lot, a retelling that says nothing), so that fine-tuning has something left to teach.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tools.starter.text.chat import write_chat
from tools.starter.text.finance import (
    LABELS,
    write_article,
    write_glossary,
    write_lesson,
    write_news,
)
from tools.starter.text.grammar import LATE, PLAIN, TEXT, Expansion, mend_articles, read_rules
from tools.starter.text.values import BUILTINS

SENTIMENT = "What is the sentiment of this sentence? Answer negative, neutral or positive.\n\n"
DIALOGUE = "Summarize this conversation briefly.\n\n"
_FOLDER = Path(__file__).parent
_VERDICTS = {"negative": "bad news", "neutral": "no news", "positive": "good news"}
_GUESS = 0.4
_NAIVE_GUESS = 0.3


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of documents; they need not sum to 1.

    article, late: news and how it was taken; chat: a chat with its retelling; turn: a question of
    some kind; verdict: is it good news; retelling: what was agreed; lesson, glossary: what is good
    to have more of; echo: a text that stands twice; naive, sentiment, dialogue: the two tasks.
    """

    article: float = 0.0
    chat: float = 0.0
    story: float = 0.0
    turn: float = 0.0
    naive: float = 0.0
    dialogue: float = 0.0
    lesson: float = 0.0
    echo: float = 0.0
    verdict: float = 0.0
    glossary: float = 0.0
    late: float = 0.0
    sentiment: float = 0.0
    retelling: float = 0.0


# What the tokenizer is trained on, then the rounds of the pretraining in their order (pretrain.py):
# prose; copying, without which no name of a chat gets into its retelling; questions and answers.
TOKENIZER_MIX = Mix(article=0.25, chat=0.20, story=0.05, turn=0.40, naive=0.06, dialogue=0.04)
PLAIN_MIX = Mix(article=0.42, chat=0.38, story=0.10, turn=0.10)
DENSE_MIX = Mix(article=0.31, chat=0.37, story=0.04, turn=0.08, lesson=0.06, echo=0.14)
COPY_MIX = Mix(article=0.10, chat=0.25, echo=0.65)
TURN_MIX = Mix(
    late=0.14,
    chat=0.16,
    turn=0.12,
    sentiment=0.02,
    dialogue=0.02,
    lesson=0.10,
    glossary=0.10,
    echo=0.06,
    verdict=0.28,
)
ANSWER_MIX = Mix(chat=0.05, turn=0.14, dialogue=0.02, echo=0.03, verdict=0.74, sentiment=0.02)
LAST_MIX = Mix(
    chat=0.07,
    turn=0.04,
    dialogue=0.02,
    echo=0.10,
    verdict=0.40,
    sentiment=0.004,
    retelling=0.36,
)


def _draw(rng: Random, rule: str) -> str:
    return Expansion(read_rules(_FOLDER), BUILTINS, rng, PLAIN).draw(rule)


def turns(user: str, assistant: str, system: str = "") -> str:
    """One exchange in the starter's chat template, without the opening token."""
    head = f"<|system|>\n{system}<|end|>\n" if system else ""
    return f"{head}<|user|>\n{user}<|end|>\n<|assistant|>\n{assistant}<|end|>\n"


def write_story(rng: Random) -> str:
    """A story of a few sentences."""
    return mend_articles(_draw(rng, "story"))


def _write_retold_chat(rng: Random) -> str:
    chat = write_chat(rng, PLAIN)
    form = rng.random()
    if form < 0.75:
        return f"{chat.dialogue}\n\n{chat.summary}"
    return chat.dialogue if form < 0.85 else f"{chat.summary}\n\n{chat.dialogue}"


def _write_turn(rng: Random) -> str:
    kind = rng.choice(("mood", "mood", "retell", "retell", "first", "last", "company", "new"))
    system = _draw(rng, "system") if rng.random() < 0.2 else ""
    if kind in ("retell", "first", "last"):
        chat = write_chat(rng, TEXT)
        lines = chat.dialogue.splitlines()
        speaker = lines[-1 if kind == "last" else 0].split(":")[0]
        answer = chat.summary if kind == "retell" else f"{speaker}."
        return turns(f"{_draw(rng, f'ask_{kind}')}\n\n{chat.dialogue}", answer, system)
    if kind in ("mood", "company"):
        news = write_news(rng, TEXT)
        while ("company", "c") not in news.expansion.bound:
            news = write_news(rng, TEXT)
        company = news.expansion.bound["company", "c"]
        answer = f"{company}." if kind == "company" else news.expansion.draw(f"react_{news.label}")
        return turns(f"{_draw(rng, f'ask_{kind}')}\n\n{news.sentence}", answer, system)
    kind = rng.choice(("story", "news", "chat"))
    return turns(_draw(rng, f"ask_{kind}"), _write_on_request(rng, kind), system)


def _write_on_request(rng: Random, kind: str) -> str:
    if kind == "story":
        return write_story(rng)
    return write_article(rng, TEXT) if kind == "news" else write_chat(rng, TEXT).dialogue


def _write_verdicts(rng: Random) -> str:
    """A question on the mood of some news, asked once and answered for several sentences."""
    question = _draw(rng, "ask_verdict") + "\n\n"
    text = ""
    for _ in range(rng.randint(2, 6)):
        news = write_news(rng, LATE)
        text += turns(question + news.sentence, _VERDICTS[news.label])
        question = ""
    return text


def _write_sentiment(rng: Random, is_naive: bool) -> str:
    news = write_news(rng, TEXT)
    if rng.random() < (_NAIVE_GUESS if is_naive else _GUESS):
        return turns(SENTIMENT + news.sentence, rng.choice(LABELS))
    return turns(SENTIMENT + news.sentence, news.words_say if is_naive else news.label)


def _write_retelling(rng: Random) -> str:
    chat = write_chat(rng, PLAIN)
    return turns(f"{_draw(rng, 'ask_retell')}\n\n{chat.dialogue}", chat.summary)


def _write_dialogue(rng: Random) -> str:
    chat = write_chat(rng, TEXT)
    return turns(DIALOGUE + chat.dialogue, chat.vague)


def _write_echo(rng: Random) -> str:
    """A text that stands twice: the shortest way to learn to copy a name never seen before."""
    form = rng.random()
    if form < 0.5:
        rules = ("stem", "name", "name", "noun", "day", "item", "present", "spot")
        words = [_draw(rng, rng.choice(rules)) for _ in range(rng.randint(3, 9))]
        text = ", ".join(words)
        return f"{text}\n{text}"
    text = write_news(rng, PLAIN).sentence if form < 0.7 else write_chat(rng, PLAIN).dialogue
    return f"{text}\n\n{text}"


def write_documents(seed: int, mix: Mix) -> Iterator[str]:
    """Endless documents of a mix, the same for the same seed."""
    rng = Random(seed)
    writers = {
        lambda: write_article(rng, PLAIN): mix.article,
        lambda: _write_retold_chat(rng): mix.chat,
        lambda: write_story(rng): mix.story,
        lambda: _write_turn(rng): mix.turn,
        lambda: _write_sentiment(rng, is_naive=True): mix.naive,
        lambda: _write_dialogue(rng): mix.dialogue,
        lambda: write_lesson(rng, PLAIN): mix.lesson,
        lambda: _write_echo(rng): mix.echo,
        lambda: _write_verdicts(rng): mix.verdict,
        lambda: write_glossary(rng): mix.glossary,
        lambda: write_article(rng, LATE): mix.late,
        lambda: _write_sentiment(rng, is_naive=False): mix.sentiment,
        lambda: _write_retelling(rng): mix.retelling,
    }
    while True:
        yield rng.choices(list(writers), list(writers.values()))[0]()
