"""Only what changed is written, and nothing that someone else wrote is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.files import write_atomically
from harness.leaderboard.write import MANIFEST, write_site

FILES = {"index.html": "first", "models/a.html": "a", "models/b.html": "b"}


def contents(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def test_a_site_is_written_and_then_left_alone(tmp_path: Path) -> None:
    assert write_site(FILES, tmp_path).changed == sorted(FILES)
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    again = write_site(FILES, tmp_path)
    assert not again.changed and again.unchanged == sorted(FILES)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == stamps


def test_pages_of_models_that_are_gone_are_removed(tmp_path: Path) -> None:
    write_site(FILES, tmp_path)
    (tmp_path / "models" / "notes.txt").write_text("mine")
    written = write_site({"index.html": "second"}, tmp_path)
    assert written.removed == ["models/a.html", "models/b.html"]
    assert set(contents(tmp_path)) == {MANIFEST, "index.html", "models/notes.txt"}


def test_files_of_others_stand_beside_it(tmp_path: Path) -> None:
    (tmp_path / "CNAME").write_text("board.example")
    write_site(FILES, tmp_path)
    write_site({}, tmp_path)
    assert set(contents(tmp_path)) == {MANIFEST, "CNAME"}


@pytest.mark.parametrize("known", [False, True])
def test_a_page_of_someone_elses_is_replaced_only_with_a_word(known: bool, tmp_path: Path) -> None:
    if known:
        write_site(FILES, tmp_path)
    (tmp_path / "index.html").write_text("someone's own")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"someone else: index\.html"):
        write_site({**FILES, "index.html": "second", "new.html": "n"}, tmp_path)
    assert contents(tmp_path) == before
    write_site({**FILES, "index.html": "second"}, tmp_path, overwrite=True)
    assert contents(tmp_path)["index.html"] == "second"


def test_a_page_that_is_gone_is_not_removed_where_it_was_changed(tmp_path: Path) -> None:
    write_site(FILES, tmp_path)
    (tmp_path / "models" / "a.html").write_text("a, and what someone added")
    written = write_site({"index.html": "first"}, tmp_path, overwrite=True)
    assert written.kept == ["models/a.html"] and written.removed == ["models/b.html"]
    assert contents(tmp_path)["models/a.html"].endswith("added")


def test_a_crash_between_two_pages_leaves_nothing_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_site(FILES, tmp_path)

    def failing(file: Path, text: str) -> None:
        if file.name == "b.html":
            raise KeyboardInterrupt
        write_atomically(file, text)

    monkeypatch.setattr("harness.leaderboard.write.write_atomically", failing)
    later = {name: f"{text} anew" for name, text in FILES.items()}
    with pytest.raises(KeyboardInterrupt):
        write_site(later, tmp_path)
    monkeypatch.undo()
    assert write_site(FILES, tmp_path).changed == ["index.html", "models/a.html"]


def test_a_manifest_of_a_strangers_reaches_nothing_outside(tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside.txt"
    outside.write_text("first")
    site.mkdir()
    hashes = ["a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"]  # of "first"
    places = ["../outside.txt", str(outside), "x/../../outside.txt", "..\\outside.txt"]
    data = {"schema": "harness-leaderboard-files/1", "files": dict.fromkeys(places, hashes)}
    (site / MANIFEST).write_text(json.dumps(data))
    write_site({"index.html": "first"}, site)
    assert outside.read_text() == "first"


def test_a_link_that_leads_outside_is_not_written_through(tmp_path: Path) -> None:
    away, site = tmp_path / "away", tmp_path / "site"
    away.mkdir()
    site.mkdir()
    (site / "models").symlink_to(away)
    with pytest.raises(InputError, match="leads out"):
        write_site(FILES, site)
    assert not list(away.iterdir()) and not (site / "index.html").exists()


def test_a_link_in_a_pages_place_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").symlink_to(outside)
    with pytest.raises(InputError):
        write_site(FILES, site, overwrite=True)
    assert outside.read_text() == "mine"


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(InputError, match="this is a file"):
        write_site(FILES, tmp_path / "site")
