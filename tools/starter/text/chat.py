"""A short messenger chat and its retelling: who will do what, when and where.

The retelling needs what stands late and scattered in the chat (the second proposal, the place, the
hour), not its first lines, which are small talk.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tools.starter.text.grammar import Builtin, Expansion, mend_articles, read_rules
from tools.starter.text.values import BUILTINS


def _the_tool(text: Expansion) -> str:
    """What <a> calls "your bike" is "the bike" to everybody else."""
    return text.bound["tool", "t"].replace("your ", "the ")


_PEOPLE: dict[str, Builtin] = {
    "a": lambda text: text.bound["a", ""],
    "b": lambda text: text.bound["b", ""],
    "c": lambda text: text.bound["c", ""],
}
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Chat:
    """A chat of `Name: text` lines, a full retelling, and a vague one that says little."""

    dialogue: str
    summary: str
    vague: str
    names: tuple[str, ...]
    expansion: Expansion

    @property
    def used(self) -> set[tuple[str, str]]:
        """The (rule, alternative) pairs that made this chat."""
        return self.expansion.used


def _sentences(text: str) -> str:
    """Starts every sentence with a capital."""
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def write_chat(rng: Random, pool: str) -> Chat:
    """A chat of this pool between two people, who may speak of a third."""
    text = Expansion(read_rules(_FOLDER), BUILTINS, rng, pool)
    names = tuple(text.fill("<name#a>|<name#b>|<name#c>").split("|"))
    text.bound.update({(letter, ""): name for letter, name in zip("abc", names, strict=True)})
    text.builtins = {**BUILTINS, **_PEOPLE, "x_tool": _the_tool}
    scene = mend_articles(text.draw("scene"))
    turns, summary = scene.split(" => ")
    lines = []
    for turn in turns.split(" / "):
        speaker, said = turn.split(": ", 1)
        lines.append(f"{names['ab'.index(speaker)]}: {said}")
    vague = _sentences(text.draw("sum_topic"))
    return Chat("\n".join(lines), _sentences(summary), vague, names, text)
