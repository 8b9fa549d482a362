"""Templates see a row and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.templates import RowTemplate
from harness.errors import BadDataError, InputError
from harness.sandbox import OutOfBoundsError, bounded

ROW = {"text": "Föhn {{ x }}", "label": 1, "a b": "c", "gone": None}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ text }}", "Föhn {{ x }}"),
        ("{{ row['a b'] }}-{{ label }}", "c-1"),
        ("{{ ['no', 'yes'][label] }}", "yes"),
        ("{% if gone %}x{% else %}{{ gone }}{% endif %}", ""),
        ("{{ text | upper | trim }}", "FÖHN {{ X }}"),
        ("{{ '<b>' }}", "<b>"),
        ("{{ '-' * 3 }}", "---"),
    ],
)
def test_columns_are_filled_in(source: str, text: str) -> None:
    assert RowTemplate("prompt", source).render(ROW, "f:1") == text


def test_a_column_called_row_is_the_column() -> None:
    assert RowTemplate("prompt", "{{ row }}").render({"row": "x"}, "f:1") == "x"


def test_a_column_that_the_table_lacks_is_said_with_those_it_has() -> None:
    template = RowTemplate("prompt", "{{ sentense }}")
    with pytest.raises(InputError, match=r"prompt: no column 'sentense' in t\.csv") as raised:
        template.check(["sentence", "label"], "t.csv")
    assert "the columns are: sentence, label" in raised.value.message
    assert "'sentence'" in raised.value.hint
    RowTemplate(
        "prompt", "{{ a }}{{ row['x y'] }}{% for i in range(2) %}{{ i }}{% endfor %}"
    ).check(["a"], "t.csv")


@pytest.mark.parametrize("source", ["{{ other }}", "{{ row['other'] }}", "{{ row.other }}"])
def test_a_column_that_one_row_lacks_is_said_with_the_rows_place(source: str) -> None:
    with pytest.raises(BadDataError, match=r"^f:7: prompt: .*the columns are: a$"):
        RowTemplate("prompt", source).render({"a": 1}, "f:7")


@pytest.mark.parametrize("source", ["{{ a", "{% if %}", "{{ a | nofilter }}", "{% endfor %}"])
def test_what_is_no_template_is_said(source: str) -> None:
    with pytest.raises(InputError, match=r"^target: not a template"):
        RowTemplate("target", source)


HUGE = "'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 12


@pytest.mark.parametrize(
    "source",
    [
        f"{{{{ text }}}}{{{{ {HUGE} }}}}",
        f"{{{{ text }}}}{{% if {HUGE} %}}x{{% endif %}}",
        f"{{{{ text ~ ({HUGE}) }}}}",
    ],
)
def test_what_grows_is_not_worked_out_before_it_can_be_ended(source: str) -> None:
    assert bounded(lambda mark: RowTemplate("prompt", source).wants) == {"text"}
    template = RowTemplate("prompt", source)
    with pytest.raises((BadDataError, OutOfBoundsError)):
        bounded(lambda mark: template.render(ROW, "f:1"))


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ row.__init__.__globals__ }}",
        "{{ row.clear() }}",
        "{{ row.update({'a': 1}) }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ (row | attr('__class__')).mro() }}",
        "{{ '%s' % row }}",
        "{{ '{0.__class__}'.format(text) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{{ 10 ** 100000000 }}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 10 ** 10 * ['x'] }}",
        "{{ 'x'.ljust(10 ** 12) }}",
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ text + 1 }}",
        "{{ label[0].x }}",
    ],
)
def test_what_a_template_must_not_do_is_one_clear_error(source: str) -> None:
    row = dict(ROW)
    with pytest.raises((BadDataError, InputError), match="prompt"):
        RowTemplate("prompt", source).render(row, "f:1")
    assert row == ROW


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text(), min_size=2))
def test_what_a_row_holds_is_never_a_template(row: dict[str, str]) -> None:
    assert RowTemplate("prompt", "{{ a }}|{{ b }}").render(row, "f:1") == f"{row['a']}|{row['b']}"
