"""A template is filled in once, and each mistake in it is one message with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.assignment.parts import PARTS
from harness.assignment.report import CHECKLIST, facts, make_report
from harness.assignment.source import Source
from harness.assignment.templates import REPORT, find
from harness.errors import InputError
from tests.assignment.made import NOWHERE, both, report, template
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart

ENDLESS = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
    "{% endfor %}{% endfor %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("# T\n\n{{ show.loss_curv }}", "3: no part `loss_curv`", "`loss_curve`"),
        ("# T\n{% if show.x %}{% endif %}", "2: no part `x`", "checklist"),
        ("{{ fact.dat }}", "1: no fact `dat`", "`date`"),
        ("a\n{% for x in %}", "2: not a template:", "docs/assignment.md"),
        ("a\n\n{% if show.cost %}", "3: not a template:", ""),
        ("a\n{{ nothing }}", "2: 'nothing' is undefined", ""),
        ("{{ yours('a') }}\n{{ yours('a') }}", "2: the place `a` stands here twice", ""),
        ("\n{{ yours('A b') }}", "2: `A b` is no name of a place", ""),
        ("\n{{ yours() }}", "2: ", ""),
        ("{{ show.__class__.__mro__ }}", "1: ", ""),
        ("{{ fact.date.__class__ }}", "1: ", ""),
        ("{{ 'a' * 10000000000 }}", "1: the result is too large", ""),
        (ENDLESS, " it takes more than 2 s of a processor", "docs/assignment.md"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "1: ", ""),
    ],
)
def test_a_mistake_in_a_template_is_one_message(
    tmp_path: Path, text: str, said: str, hint: str
) -> None:
    made = template(tmp_path / "t", text)
    with pytest.raises(InputError) as caught:
        report(quickstart(), made)
    assert caught.value.message.startswith(f"{made.folder / REPORT}:{said}")
    assert hint in caught.value.hint and "\n" not in caught.value.message


def test_a_part_may_stand_in_a_condition_a_loop_and_a_macro(tmp_path: Path) -> None:
    text = (
        "# T\n{% macro m(name) %}## {{ name }}\n{{ show[name] }}{% endmacro %}"
        "{% if show.cost %}{{ m('cost') }}{% endif %}{% for x in ['speed'] %}{{ show[x] }}{% endfor %}"
    )
    for written in both(report(quickstart(), template(tmp_path / "t", text))):
        assert "Time, memory and disk" in written and "tokens per second" in written


@pytest.mark.parametrize("name", ["assignment-1", "assignment-2"])
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_summary_makes_a_report(name: str, variant: str) -> None:
    made = report(VARIANTS[variant](), name)
    markdown, page = both(made)
    assert "\x02" not in markdown + page
    assert markdown.count("<!-- yours:") == len(made.places) > 4
    assert len(made.checklist.all) == 8


def test_a_template_can_show_every_part(tmp_path: Path) -> None:
    shown = "\n".join(f"{{{{ show.{name} }}}}" for name in (*PARTS, CHECKLIST))
    made = report(quickstart(), template(tmp_path / "t", f"# T\n{shown}"))
    empty = {"answers_written"}
    assert {part.name for part in made.pieces if hasattr(part, "blocks")} == {
        *PARTS, CHECKLIST,
    } - empty  # fmt: skip


def test_facts_are_plain_text_even_where_they_begin_a_line(tmp_path: Path) -> None:
    whole = quickstart()
    summary = whole.model_copy(update={"suite": {**whole.suite, "description": "# *big* [x](y)"}})
    names = "\n\n".join(f"{{{{ fact.{name} }}}}" for name in facts(Source(summary, NOWHERE)))
    _, page = both(report(summary, template(tmp_path / "t", f"# T\n\n{names}")))
    assert "<p># *big* [x](y)</p>" in page


def test_words_whose_place_has_left_the_template_are_kept_in_an_appendix(tmp_path: Path) -> None:
    of = template(tmp_path / "t", "# T\n\n{{ yours('kept') }}")
    words = {"kept": "I stay.", "gone": "I had a place.", "blank": ""}
    markdown, page = both(report(quickstart(), of, words))
    assert "<!-- yours: gone -->\n\nI had a place.\n\n<!-- /yours -->" in markdown
    assert "Words without a place" in page and "I had a place." in page
    assert "blank" not in markdown


def test_a_criterion_may_want_a_place_that_is_not_shown_this_time(tmp_path: Path) -> None:
    text = "# T\n{% if show.answers_written %}{{ yours('texts') }}{% endif %}{{ show.checklist }}"
    of = template(tmp_path / "t", text, "criteria:\n  Read: {words: texts}\n")
    assert report(quickstart(), of).checklist.all[0].state.value == "open"


def test_the_assignment_that_fits_is_taken() -> None:
    for trained, title in ((False, "Assignment 1"), (True, "Assignment 2")):
        made = make_report(Source(quickstart(), NOWHERE), find("assignment", trained), {})
        assert made.title.startswith(title)
