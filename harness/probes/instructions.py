"""Instructions that a program can check: whether the form that was asked for is the form of the answer.

In the manner of IFEval (Zhou et al., arXiv 2311.07911): what is right about an answer is not looked at, only
whether it keeps to the instruction. White space around an answer, and code fences around JSON, are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Instruction:
    """A prompt, and what holds of an answer that keeps to it."""

    prompt: str
    holds: Check


def words(text: str) -> list[str]:
    """The words of a text, without punctuation."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text)


def _count(least: int, most: int) -> Check:
    return lambda text: least <= len(words(text)) <= most


def _one_of(*answers: str) -> Check:
    return lambda text: [word.lower() for word in words(text)] in [[answer] for answer in answers]


def _matches(pattern: str) -> Check:
    return lambda text: re.fullmatch(pattern, text.strip(), re.S) is not None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _listed(count: int, mark: str) -> Check:
    """So many lines that begin with a mark; a line of introduction may stand before them."""

    def holds(text: str) -> bool:
        marked = [bool(re.match(rf"{mark}\s+\S", line)) for line in _lines(text)]
        return sum(marked) == count and all(marked[1 if marked and not marked[0] else 0 :])

    return holds


def _capitals(text: str) -> bool:
    return text.upper() == text and any(letter.isupper() for letter in text)


def _small(text: str) -> bool:
    return text.lower() == text and any(letter.islower() for letter in text)


def _without(letter: str) -> Check:
    return lambda text: bool(words(text)) and letter not in text.lower()


def _json(right: Callable[[Any], bool]) -> Check:
    def holds(text: str) -> bool:
        bare = re.sub(r"^```(?:json)?\s*\n?|\n?\s*```$", "", text.strip())
        try:
            return right(json.loads(bare))
        except (ValueError, RecursionError):
            return False

    return holds


def _object(*keys: str) -> Check:
    return _json(lambda value: isinstance(value, dict) and set(value) == set(keys))


def _sentences(count: int) -> Check:
    return lambda text: len(re.findall(r"[.!?]+(?=\s|$|[\"”’)])", text.strip())) == count


def _all(*checks: Check) -> Check:
    return lambda text: all(check(text) for check in checks)


def _says(*needed: str) -> Check:
    return lambda text: all(word in text.lower() for word in needed)


_ASKED: tuple[tuple[str, str, Check], ...] = (
    ("one-word-capital", "Answer in one word: what is the capital of France?", _count(1, 1)),
    ("one-word-opposite", "What is the opposite of cold? Reply with a single word.", _count(1, 1)),
    ("yes-or-no", "Is the Sun a star? Answer only with yes or no.", _one_of("yes", "no")),
    ("true-or-false", "True or false: a triangle has four sides. Write nothing but that word.", _one_of("true", "false")),
    ("letter", "Which is a fruit? A) table B) apple C) stone. Answer with the letter alone.", _matches(r"\(?[ABC][).]?")),
    ("number", "How many days does a week have? Answer with a number in digits and nothing else.", _matches(r"\d+\.?")),
    ("sum", "What is 7 + 5? Write the number alone.", _matches(r"\d+\.?")),
    ("capitals-greeting", "Write a greeting for a friend, all in capital letters.", _capitals),
    ("capitals-sky", "What colour is the sky on a clear day? Answer in capital letters only.", _capitals),
    ("small-letters", "Write a sentence about the sea in small letters only, without any capital letter.", _small),
    ("three-bullets", "Name three animals as a list of exactly three bullet points, each beginning with a hyphen.", _listed(3, "[-–]")),
    ("two-bullets", "Give two reasons to drink water, as exactly two bullet points that begin with an asterisk.", _listed(2, r"\*")),
    ("numbered-three", "List three colours, numbered 1. to 3., one a line.", _listed(3, r"[123]\.")),
    ("numbered-four", "List the four seasons, numbered 1. to 4., one a line.", _listed(4, r"[1234]\.")),
    ("two-lines", "Write exactly two lines: the first names a city, the second a country.", lambda text: len(_lines(text)) == 2),
    ("json-name-age", "Write a JSON object with the keys name and age for a made-up person. Nothing but the JSON.", _object("name", "age")),
    ("json-city-country", 'Answer with a JSON object that has exactly the keys "city" and "country": where is the Eiffel Tower?', _object("city", "country")),
    ("json-list", "Write a JSON list of exactly three fruits, and nothing else.", _json(lambda value: isinstance(value, list) and len(value) == 3)),
    ("json-ok", 'Answer with this JSON object and nothing else: {"ok": true}', _json(lambda value: value == {"ok": True})),
    ("commas", "Name four vegetables on one line, parted by commas, and write nothing else.", lambda text: len(_lines(text)) == 1 and text.count(",") == 3),
    ("quotation-marks", "Write a proverb and put the whole of your answer into double quotation marks.", _matches(r"[\"“].+[\"”]")),
    ("ends-done", "Say in a sentence what a hammer is for. End your answer with the word DONE.", _matches(r".*\w.*\bDONE\.?")),
    ("begins-well", 'Begin your answer with the word "Well" and say what rain is.', _matches(r"\W?Well\b.+")),
    ("brackets", "Write your answer in square brackets: which animal says meow?", _matches(r"\[.+\]")),
    ("no-commas", "Describe a forest in two sentences without using any comma.", _all(_without(","), _sentences(2))),
    ("no-letter-e", "Write a short phrase that does not contain the letter e.", _without("e")),
    ("one-sentence", "Say in exactly one sentence what a library is.", _sentences(1)),
    ("two-sentences", "Describe snow in exactly two sentences.", _sentences(2)),
    ("at-most-ten", "Explain what a clock does in at most ten words.", _count(1, 10)),
    ("exactly-five", "Write a sentence of exactly five words about dogs.", _count(5, 5)),
    ("twice", "Write the word tree twice, with a space in between, and nothing else.", lambda text: [word.lower() for word in words(text)] == ["tree", "tree"]),
    ("repeat", "Repeat this and add nothing: the door is open", lambda text: [word.lower() for word in words(text)] == ["the", "door", "is", "open"]),
    ("keywords", "Write a sentence that contains both the word river and the word lamp.", _says("river", "lamp")),
    ("question", "Ask me a question about my favourite food. Write only the question.", _all(_matches(r".*\?\W?"), _sentences(1))),
    ("exclamation", "Congratulate someone on a birthday in one sentence that ends with an exclamation mark.", _all(_matches(r".*!\W?"), _sentences(1))),
    ("title", "Make up a title for a book about the Moon, in double angular brackets, such as <<My Title>>.", _matches(r".*<<[^<>]+>>.*")),
    ("bold", "Say which planet is the largest, and put its name between two asterisks on each side, like **this**.", _matches(r".*\*\*[^*]+\*\*.*")),
    ("spelled", "Spell the word house with a hyphen between its letters.", _matches(r".*\bh-o-u-s-e\b.*|.*\bH-O-U-S-E\b.*")),
    ("heading", "Write a heading in Markdown, beginning with #, and beneath it one sentence about bread.", lambda text: len(_lines(text)) == 2 and re.match(r"#+ \S", _lines(text)[0]) is not None),
    ("count-up", "Count from one to five in words, parted by commas.", lambda text: [word.lower() for word in words(text)] == ["one", "two", "three", "four", "five"] and text.count(",") == 4),
)  # fmt: skip

INSTRUCTIONS: Mapping[str, Instruction] = MappingProxyType(
    {name: Instruction(prompt, holds) for name, prompt, holds in _ASKED}
)
"""By id; each prompt asks for one form."""


PROMPTS: Mapping[str, str] = MappingProxyType(
    {name: of.prompt for name, of in INSTRUCTIONS.items()}
)


def followed(name: str, answer: str) -> bool:
    """Whether an answer keeps to the instruction of that id; an empty one keeps to none."""
    return bool(answer.strip()) and INSTRUCTIONS[name].holds(answer.strip())
