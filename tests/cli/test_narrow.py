"""What a terminal of few columns shows: every figure and name whole, and no line longer than it is."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.bars import Bars
from harness.cli.consoles import CleanConsole, say
from harness.cli.narrow import between_words
from harness.reporting.tables import matrix
from harness.reporting.terminal import rich_table, terminal_table
from tests.reporting.every_variant import VARIANTS

WIDTHS = (24, 40, 60, 80, 120, 200)


def console(width: int, terminal: bool = True) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    made = CleanConsole(
        file=stream, width=width, force_terminal=terminal, color_system=None, legacy_windows=False
    )
    return made, stream


def words(text: str) -> list[str]:
    return re.findall(r"[^\s│┃─━┏┓┡╇╈└┘┴┳╷╵]+", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("variant", ["quickstart", "failures", "texts", "partial"])
def test_no_figure_of_a_summarys_table_is_cut(variant: str, width: int) -> None:
    table = rich_table(matrix(VARIANTS[variant]()))
    (wide, whole), (narrow, shown) = console(1000), console(width)
    wide.print(table)
    narrow.print(table)
    lines = shown.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in shown.getvalue().replace("…", "", whole.getvalue().count("…"))
    figures = [word for word in words(whole.getvalue()) if any(map(str.isdigit, word))]
    assert figures and set(figures) <= set(words(shown.getvalue()))


@pytest.mark.parametrize("width", [40, 80])
def test_the_whole_end_of_a_run_is_no_wider_than_the_terminal(width: int) -> None:
    for make in VARIANTS.values():
        narrow, shown = console(width)
        narrow.print(terminal_table(make()))
        assert max(map(cell_len, shown.getvalue().splitlines())) <= width


def test_a_row_without_room_becomes_a_paragraph_with_the_headings() -> None:
    table = Table(title="Made")
    for head in ("", "step", "key", "state"):
        table.add_column(head)
    table.add_row("1", "read a-model-with-a-long-name", "0123456789ab", "in place")
    table.add_row("2", "ask", "-", "", style="dim")
    narrow, shown = console(40)
    narrow.print(table)
    assert [line.rstrip() for line in shown.getvalue().splitlines()] == [
        "Made",
        "",
        "1  read a-model-with-a-long-name",
        "  key  0123456789ab",
        "  state  in place",
        "2  ask",
        "",
    ]


def test_a_table_with_room_stays_one_and_its_words_stay_whole() -> None:
    table = Table("a", "b")
    table.add_row("unbreakably-long-name", "one two three four five six seven")
    narrow, shown = console(40)
    narrow.print(table)
    assert "unbreakably-long-name" in shown.getvalue() and "┃" in shown.getvalue()
    assert max(map(cell_len, shown.getvalue().splitlines())) <= 40


@given(line=st.text(st.sampled_from("ab é東… \u00a0"), max_size=60), width=st.integers(4, 40))
def test_lines_are_broken_between_words_alone(line: str, width: int) -> None:
    parts = list(between_words(line, width))
    assert "".join(parts).replace(" ", "") == line.replace(" ", "")
    for part in parts:
        assert cell_len(part) <= width or " " not in part.strip(" ").replace(" …", "…")


def test_a_path_stays_in_one_piece_and_a_pipes_lines_stay_as_they_are() -> None:
    path = "/a/folder/of/somebody/with/a/long/name/report.md"
    (to, shown), (pipe, piped) = console(40), console(40, terminal=False)
    say(to, f"  Report: {path} and more words behind it that go on …")
    say(pipe, "one " * 30)
    assert shown.getvalue().splitlines() == [
        "  Report:",
        f"    {path}",
        "    and more words behind it that go",
        "    on …",
    ]
    assert piped.getvalue() == "one " * 30 + "\n"


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_have_a_name_and_a_count_at_any_width_and_never_a_second_line(width: int) -> None:
    to, shown = console(width)
    bars = Bars(to)
    bars.add_task("all steps", total=10, unit="steps", pace="")
    bars.add_task("ask a-model-with-a-long-name: sentiment", total=600, completed=48, unit="examples",
                  pace="50 examples/s, 2,250 tokens/s")  # fmt: skip
    to.print(bars.get_renderable())
    lines = shown.getvalue().splitlines()
    assert len(lines) == 2 and max(map(cell_len, lines)) <= width
    assert lines[0].startswith("all steps") and "0/10" in lines[0]
    assert lines[1].startswith("ask a-mode") and "48/600" in lines[1]
    assert ("2,250 tokens/s" in lines[1]) == (width >= 120)


def test_a_name_is_never_read_as_markup() -> None:
    to, shown = console(40)
    say(to, "[bold]x[/bold] [/y]")
    table = Table("a", "b")
    table.add_row(Text("[/x] " + "y" * 30), Text("[bold]"))
    to.print(table)
    assert "[bold]x[/bold] [/y]" in shown.getvalue() and "[/x]" in shown.getvalue()


def test_a_message_has_no_pictures_that_it_does_not_hold() -> None:
    to, shown = console(40, terminal=False)
    say(to, "model :x: of :warning:")
    assert shown.getvalue() == "model :x: of :warning:\n"
