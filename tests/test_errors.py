"""Messages hold texts of files, libraries and servers, and steer nothing by them."""

from __future__ import annotations

from harness.errors import BadModelError, legible
from harness.records import Failure


def test_what_steers_a_terminal_is_written_as_an_escape() -> None:
    error = BadModelError("the model '\x1b[31mred\x1b[0m\r\x07' is\nnone", "\u202egnp.exe\ud800")
    assert error.message == r"the model '\x1b[31mred\x1b[0m\r\x07' is" + "\nnone"
    assert error.hint == r"\u202egnp.exe\ud800" and str(error) == error.message
    failure = Failure(kind="error", message="\x1b]0;title\x07", hint="\x9b2J\u2028")
    assert failure.message == r"\x1b]0;title\x07" and failure.hint == r"\x9b2J\u2028"


def test_letters_of_any_language_stay_and_a_line_has_an_end() -> None:
    assert legible("größer, 大きい, გამარჯობა\tπ") == "größer, 大きい, გამარჯობა π"
    assert legible("x" * 5000 + "\nshort") == "x" * 2000 + " …\nshort"
