"""Results are found wherever they stand, and their order says nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.leaderboard.collect import collect
from tests.leaderboard.made import Run, coins


def written(folder: Path, created: str) -> Path:
    return Run({("m", "sentiment"): coins(0.5, 20)}, created=created).write(folder)


def test_files_folders_and_folders_of_folders_give_the_same(tmp_path: Path) -> None:
    new, old = written(tmp_path / "a" / "new", "2026-11-02"), written(tmp_path / "b", "2026-11-01")
    ways = [[new, old], [old, new / "summary.json"], [tmp_path], [old, tmp_path, new]]
    for way in ways:
        assert [of.folder for of in collect(way).results] == [old, new]


def test_copies_count_once_whichever_is_named_first(tmp_path: Path) -> None:
    one = written(tmp_path / "one", "2026-11-02")
    copy = Path(shutil.copytree(one, tmp_path / "copy"))
    for way in ([one, copy], [copy, one]):
        assert [of.folder for of in collect(way).results] == [copy]


def test_what_cannot_be_read_is_told_in_a_folder_and_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path / "good", "2026-11-02")
    (tmp_path / "bad").mkdir()
    bad = tmp_path / "bad" / "summary.json"
    bad.write_text("{}")
    found = collect([tmp_path])
    assert len(found.results) == 1 and [file for file, _ in found.unread] == [bad]
    with pytest.raises(InputError, match="not a summary"):
        collect([bad])


def test_a_place_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results here"):
        collect([tmp_path])
    with pytest.raises(InputError, match="nothing here"):
        collect([tmp_path / "none"])


def test_hidden_folders_and_links_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path / "good", "2026-11-02")
    written(tmp_path / ".hidden", "2026-11-03")
    away = written(tmp_path.parent / f"{tmp_path.name}-away", "2026-11-04")
    (tmp_path / "link").symlink_to(away)
    assert len(collect([tmp_path]).results) == 1
