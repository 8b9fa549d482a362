"""Templates are found by name or folder; their suites are suites."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.assignment.templates import BUILT_IN, SUITE, Template, built_in, find, suite_text
from harness.errors import InputError


def test_two_come_with_harness() -> None:
    assert built_in() == ["assignment-1", "assignment-2"]
    assert find("assignment", fine_tuned=True).folder == BUILT_IN / "assignment-2"


def test_a_name_that_is_none_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such template") as caught:
        find("asignment-2")
    assert "`assignment-2`" in caught.value.hint
    assert find(str(tmp_path)).folder == tmp_path


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"suite\.yaml: there is no such file"):
        suite_text(find(str(tmp_path)), None)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / SUITE).write_bytes(b"\xff\xff")
    with pytest.raises(InputError, match="no text in UTF-8"):
        suite_text(Template(tmp_path), None)


def test_lines_of_a_suite_depend_on_the_model_and_nothing_else_is_a_template(
    tmp_path: Path,
) -> None:
    (tmp_path / SUITE).write_text(
        "#% if gguf\na: 1\n#% else\na: 2\n#% endif\n\nb: '{{ text }} {% x %} {# y #}'\n"
    )
    assert suite_text(Template(tmp_path), "x.GGUF") == "a: 1\n\nb: '{{ text }} {% x %} {# y #}'\n"
    assert yaml.safe_load(suite_text(Template(tmp_path), None))["a"] == 2


@pytest.mark.parametrize(("line", "said"), [("#% if", "2: not a template"), ("#% if x", "2: ")])
def test_a_mistake_in_such_a_line_is_said_with_its_line(
    tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / SUITE).write_text(f"a: 1\n{line}\n#% endif\n")
    with pytest.raises(InputError) as caught:
        suite_text(Template(tmp_path), None)
    assert caught.value.message.startswith(f"{tmp_path / SUITE}:{said}")
