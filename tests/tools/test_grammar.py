"""The little grammar: what it remembers, what each pool may see, and where amounts point."""

import re
from pathlib import Path
from random import Random

import pytest

from tools.starter.text.finance import write_news
from tools.starter.text.grammar import (
    PLAIN,
    TEST,
    TRAIN,
    Expansion,
    Rule,
    mend_articles,
    read_rules,
)
from tools.starter.text.values import BUILTINS


def _expansion(rules: dict[str, Rule], pool: str = TRAIN) -> Expansion:
    return Expansion(rules, {}, Random(0), pool)


def test_a_letter_is_remembered_and_two_letters_differ() -> None:
    rules = {"day": Rule(words=True, pools={"": ["Monday", "Friday"]})}
    for seed in range(20):
        text = Expansion(rules, {}, Random(seed), TRAIN).fill("<day#a> <day#b> <day#a>")
        first, second, third = text.split()
        assert first == third != second


def test_plain_text_sees_the_words_of_every_pool_but_no_sentence() -> None:
    pools = {"": ["a"], TRAIN: ["b"], TEST: ["c"]}
    assert Rule(words=True, pools=pools).visible(PLAIN) == ["a", "b", "c"]
    assert Rule(words=False, pools=pools).visible(PLAIN) == ["a"]
    assert Rule(words=True, pools=pools).visible(TEST) == ["a", "c"]


def test_an_unknown_rule_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        _expansion({}).fill("a <colour> house")


def test_a_rule_defined_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("= x\none\n= x\ntwo\n")
    with pytest.raises(ValueError, match="twice"):
        read_rules(tmp_path)


def test_articles_are_mended() -> None:
    assert mend_articles("A increase in its the deficit") == "An increase in its deficit"


def test_amounts_point_the_way_the_label_says() -> None:
    """Of "posted X in net profit, higher than the Y" the first amount is the larger one."""
    rng = Random(3)
    found = 0
    for _ in range(3000):
        news = write_news(rng, TRAIN)
        match = re.search(r" ([\d.]+) \w+ in (.*), (\w+) than the \w+ ([\d.]+)", news.sentence)
        if match:
            found += 1
            is_up = match[3] in ("higher", "larger", "bigger")
            assert (float(match[1]) > float(match[4])) == is_up
            is_good = not any(word in match[2] for word in ("loss", "cost", "debt", "scrap"))
            is_good = is_good and not any(word in match[2] for word in ("expense", "sick"))
            assert news.label == ("positive" if is_up == is_good else "negative")
    assert found > 20


def test_high_is_above_low() -> None:
    for seed in range(50):
        text = Expansion({}, BUILTINS, Random(seed), TRAIN).fill("<high>|<low>")
        high, low = (float(part.split()[1]) for part in text.split("|"))
        assert high > low
