"""Turns small rule files into endless text, so that sample data needs no download.

A rule file holds rules, one alternative a line or several between ` | `:

    = greeting            a rule; `~ greeting` makes it a rule of plain words (see below)
    hello <name#a>        for every pool
    @test                 the alternatives from here on are for the pool `test` alone
    good day <name#a>

`<rule>` draws anew, `<rule#x>` draws once and is remembered as x (two letters of one rule never
get the same value), `<^rule>` starts with a capital. Data splits must not share phrasings, so a
split sees the alternatives of its own pool and the untagged ones. Only the plain pretraining text
(`PLAIN`) also sees the *words* of the other pools: a verb of the test set is a verb of English,
but no sentence, person or company of the test set is ever seen outside it. `LATE` is `PLAIN` with some
more sentences, which were added for the last rounds of the pretraining.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TRAIN, TEST, TEXT, PLAIN, LATE = "train", "test", "text", "plain", "late"
_REFERENCE = re.compile(r"<(\^?)([a-z_0-9]+)(?:#([a-z0-9]+))?>")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")
_NO_ARTICLE = re.compile(
    r"(\b[Ii]ts|'s|\b(?:high|larg|bigg|low|small)er|\b(?:High|Low)|\b[Ff]inal|year|quarter) the\b"
)
_TRIES = 50


def mend_articles(text: str) -> str:
    """Mends what chance put together: "a order", "its the dividend"."""
    return _NO_ARTICLE.sub(r"\1", _ARTICLE.sub(r"\1n ", text))


@dataclass(frozen=True)
class Rule:
    """The alternatives of one rule by pool; the untagged ones stand under ''."""

    words: bool
    pools: dict[str, list[str]] = field(default_factory=dict)

    def visible(self, pool: str) -> list[str]:
        """The alternatives that a text of this pool may use."""
        if pool in (PLAIN, LATE):
            shown = ["", TEXT, TRAIN, TEST] if self.words else ["", TEXT]
            shown += [LATE] if pool == LATE else []
        else:
            shown = ["", pool]
        return [text for name in shown for text in self.pools.get(name, [])]


@cache
def read_rules(folder: Path) -> dict[str, Rule]:
    """All rules of the `*.txt` files in a folder; the same name in two files is an error."""
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.txt")):
        current, pool = "", ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            if line[:2] in ("= ", "~ "):
                current, pool = line[2:].strip(), ""
                if current in rules:
                    raise ValueError(f"{path}: the rule {current!r} is defined twice")
                rules[current] = Rule(words=line[0] == "~")
            elif line.startswith("@"):
                pool = line[1:].strip()
            else:
                alternatives = [part.strip() for part in line.split(" | ")]
                rules[current].pools.setdefault(pool, []).extend(alternatives)
    return rules


Builtin = Callable[["Expansion"], str]


class Expansion:
    """One text being drawn: its random source, what it remembers, and which alternatives it used.

    `aliases` lets one sentence frame serve several meanings: with `{"went": "up"}` the reference
    `<went>` draws from the rule `up`.
    """

    def __init__(
        self,
        rules: dict[str, Rule],
        builtins: dict[str, Builtin],
        rng: random.Random,
        pool: str,
        aliases: dict[str, str] | None = None,
    ) -> None:
        self.rules = rules
        self.builtins = builtins
        self.rng = rng
        self.pool = pool
        self.aliases = aliases or {}
        self.bound: dict[tuple[str, str], str] = {}
        self.used: set[tuple[str, str]] = set()

    def draw(self, rule: str) -> str:
        """A fresh text of a rule."""
        rule = self.aliases.get(rule, rule)
        if rule in self.builtins:
            return self.builtins[rule](self)
        if rule not in self.rules:
            raise KeyError(f"no rule is called {rule!r}")
        choices = self.rules[rule].visible(self.pool)
        if not choices:
            raise KeyError(f"the rule {rule!r} has nothing for the pool {self.pool!r}")
        choice = self.rng.choice(choices)
        self.used.add((rule, choice))
        return self.fill(choice)

    def fill(self, template: str) -> str:
        """The template with every reference replaced."""
        return _REFERENCE.sub(self._replace, template)

    def _replace(self, match: re.Match[str]) -> str:
        capital, rule, letter = match.groups()
        value = self.draw(rule) if letter is None else self._remember(rule, letter)
        return value[:1].upper() + value[1:] if capital else value

    def _remember(self, rule: str, letter: str) -> str:
        key = (rule, letter)
        if key not in self.bound:
            taken = {value for (other, _), value in self.bound.items() if other == rule}
            value = self.draw(rule)
            for _ in range(_TRIES):
                if value not in taken:
                    break
                value = self.draw(rule)
            self.bound[key] = value
        return self.bound[key]
