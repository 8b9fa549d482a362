"""An author's words come back whole, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment.yours import CLOSING, place, read, stamped
from harness.errors import InputError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "assignment.md"
    file.write_text(text)
    return file


def test_words_come_back_as_they_were_written(tmp_path: Path) -> None:
    words = "First.\n\n    indented\n\n- *list* {{ 7 * 7 }} <b>\n```\n# fence\n```"
    text = f"# Report\n\n{place('question', words)}\n\nrest\n\n{place('limits', '')}\n"
    found = read(written(tmp_path, stamped(text)))
    assert found.words == {"question": words, "limits": ""}
    assert not found.edited


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    )
)
def test_any_words_come_back_once_they_stand_in_a_file(
    tmp_path_factory: pytest.TempPathFactory, words: str
) -> None:
    tmp_path = tmp_path_factory.mktemp("words")
    once = read(written(tmp_path, stamped(place("a", words)))).words["a"]
    assert once == (words.strip("\n").rstrip() if words.strip() else "")
    assert read(written(tmp_path, stamped(place("a", once)))).words["a"] == once


def test_words_may_stand_on_the_line_of_their_markers(tmp_path: Path) -> None:
    file = written(tmp_path, "<!-- yours: a -->One line.<!--/yours-->")
    assert read(file).words == {"a": "One line."}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n<!-- yours: a -->\nwords", "2: `a` never ends"),
        ("<!-- yours: a -->\n<!-- yours: b -->\n<!-- /yours -->", "2: `a` has not ended"),
        (f"words\n{CLOSING}", "2: a place ends here that never began"),
        (f"<!-- yours: a -->\n{CLOSING}\n<!-- yours: a -->\n{CLOSING}", "3: `a` stands here for a"),
        (f"<!-- yours: -->\nwords\n{CLOSING}", "1: `` is no name"),
        (
            f"<!-- yours: a -->\nw\n{CLOSING}\n<!- yours: b -->w",
            "4: `<!- yours` is no whole marker",
        ),
        (f"<!-- yours: a -->\nw\n{CLOSING}\n<!-- yours b -->", "4: `<!-- yours` is no whole"),
        (f"<!-- yours: a -->\nw\n{CLOSING}\n/yours -->", "4: `/yours -->` is no whole"),
    ],
)
def test_damaged_markers_are_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"assignment\.md:") as caught:
        read(written(tmp_path, text))
    assert f"assignment.md:{said}" in caught.value.message
    assert "nothing was written" in caught.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assignment.md").write_bytes(b"\xff\xfe<")
    with pytest.raises(InputError, match="cannot be read back"):
        read(tmp_path / "assignment.md")


@pytest.mark.parametrize(
    ("old", "new", "edited"),
    [
        ("", "My words.\n", False),
        ("> ✎ *hint*\n", "", False),
        ("made text", "my text", True),
        ("<!-- harness:", "<!-- ", True),
    ],
)
def test_what_is_changed_outside_of_the_places_is_noticed(
    tmp_path: Path, old: str, new: str, edited: bool
) -> None:
    text = stamped(f"made text\n\n> ✎ *hint*\n\n{place('a', 'x')}\n")
    changed = text.replace(old, new) if old else text.replace("\nx\n", f"\n{new}\n")
    assert changed != text
    assert read(written(tmp_path, changed)).edited == edited


def test_nothing_was_written_where_there_is_no_file(tmp_path: Path) -> None:
    found = read(tmp_path / "assignment.md")
    assert not found.words and not found.edited
