"""Each instruction is kept by an answer in its form, and by no answer that is none."""

from __future__ import annotations

import pytest

from harness.probes.instructions import INSTRUCTIONS, followed

KEPT = {
    "one-word-capital": "Paris.",
    "one-word-opposite": "hot",
    "yes-or-no": "Yes.",
    "true-or-false": "False",
    "letter": "B",
    "number": "7",
    "sum": "12",
    "capitals-greeting": "HELLO, MY FRIEND!",
    "capitals-sky": "BLUE",
    "small-letters": "the sea is wide.",
    "three-bullets": "- cat\n- dog\n- hen",
    "two-bullets": "* It is healthy.\n* It is cheap.",
    "numbered-three": "1. red\n2. green\n3. blue",
    "numbered-four": "1. spring\n2. summer\n3. autumn\n4. winter",
    "two-lines": "Rome\nItaly",
    "json-name-age": '```json\n{"name": "Ann", "age": 3}\n```',
    "json-city-country": '{"city": "Paris", "country": "France"}',
    "json-list": '["apple", "pear", "plum"]',
    "json-ok": '{"ok": true}',
    "commas": "leek, pea, bean, kale",
    "quotation-marks": '"Haste makes waste."',
    "ends-done": "A hammer drives nails. DONE",
    "begins-well": "Well, rain is water.",
    "brackets": "[a cat]",
    "no-commas": "It is dark. It is green.",
    "no-letter-e": "a dry day",
    "one-sentence": "A library lends books.",
    "two-sentences": "Snow is white. It is cold.",
    "at-most-ten": "It shows the time.",
    "exactly-five": "Dogs like to run around.",
    "twice": "tree tree",
    "repeat": "The door is open.",
    "keywords": "The lamp stands by the river.",
    "question": "What do you like to eat?",
    "exclamation": "Happy birthday to you!",
    "title": "<<The Pale Neighbour>>",
    "bold": "It is **Jupiter**.",
    "spelled": "h-o-u-s-e",
    "heading": "# Bread\nIt is baked.",
    "count-up": "one, two, three, four, five",
}
OTHERWISE = {
    "json-name-age": '{"name": "Ann", "age": 3, "town": "X"}',
    "json-ok": '{"ok": 1}' * 2,
    "three-bullets": "- cat\n- dog\n- hen\n- cow",
    "two-lines": "Rome",
    "capitals-sky": "Blue",
    "exactly-five": "Dogs run.",
    "no-letter-e": "The end",
    "two-sentences": "Snow is white.",
    "letter": "B) apple",
}


def test_every_instruction_has_its_answer_here() -> None:
    assert KEPT.keys() == INSTRUCTIONS.keys()


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_an_answer_in_the_form_keeps_to_it_and_rambling_or_nothing_does_not(name: str) -> None:
    assert followed(name, f"\n{KEPT[name]} ")
    assert not followed(name, "")
    rambling = (
        "Sure. The company, Said that profit rose; and it went up\n and\n so on. Indeed. Yes, 5"
    )
    assert not followed(name, rambling)


@pytest.mark.parametrize("name", OTHERWISE)
def test_an_answer_that_nearly_has_the_form_does_not_keep_to_it(name: str) -> None:
    assert not followed(name, OTHERWISE[name])


def test_what_is_nested_without_end_is_no_json() -> None:
    assert not followed("json-list", "[" * 100_000)
