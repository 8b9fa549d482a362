"""What dead runs left is found, freed by age and lock, and never taken from who is at work."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.locks import held
from harness.runner.scratch import DAY, free, freeable, scratch

KEY = "0123456789abcdef0123"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    made = home / "artifacts" / "finetune"
    for folder in (made / KEY, made / f".{KEY[:12]}.ab12cd34", home / "work" / KEY):
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"x" * 5000)
    temporary = tmp_path / "tmp"
    (temporary / "harness-lora-ab12cd34").mkdir(parents=True)
    (temporary / "harness-ports-0").mkdir()  # locks
    (temporary / "else").mkdir()
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        os.utime(path, (time.time() - 2 * DAY,) * 2)
    return home


def kinds(home: Path, days: float = 1, checkpoints: bool = False) -> list[str]:
    found = scratch(home, home.parent / "tmp")
    return sorted(one.kind for one in freeable(found, days, checkpoints))


def test_what_dead_runs_left_goes_and_what_was_made_stays(home: Path) -> None:
    found = scratch(home, home.parent / "tmp")
    assert sorted(one.kind for one in found) == ["checkpoints", "half made", "temporary"]
    assert {one.bytes >= 5000 for one in found if one.kind != "temporary"} == {True}
    gone = free(found, 1, checkpoints=False)
    assert sorted(one.kind for one in gone) == ["half made", "temporary"]
    assert (home / "artifacts" / "finetune" / KEY / "weights").is_file()
    assert (home / "work" / KEY / "weights").is_file()
    assert {path.name for path in (home.parent / "tmp").iterdir()} == {"else", "harness-ports-0"}
    assert [one.kind for one in scratch(home, home.parent / "tmp")] == ["checkpoints"]


def test_checkpoints_go_where_they_are_named(home: Path) -> None:
    assert kinds(home, checkpoints=True) == ["checkpoints", "half made", "temporary"]
    free(scratch(home, home.parent / "tmp"), 1, checkpoints=True)
    assert not (home / "work" / KEY).exists()


def test_rows_that_nobody_put_in_place_are_found(home: Path) -> None:
    rows = home / "data" / "python" / ".rows-ab12cd34"
    for folder in (rows, rows.with_name("abc"), home / "hub" / "models" / ".cache"):
        folder.mkdir(parents=True)
    assert str(rows) in {one.path for one in scratch(home, home.parent / "tmp")}
    free(scratch(home, home.parent / "tmp"), 0, checkpoints=False)
    assert not rows.exists() and rows.with_name("abc").is_dir()
    assert (home / "hub" / "models" / ".cache").is_dir()


def test_what_changed_since_stays(home: Path) -> None:
    assert kinds(home, days=3, checkpoints=True) == []
    (home / "work" / KEY / "step-2").write_text("new")
    assert kinds(home, checkpoints=True) == ["half made", "temporary"]


def test_nothing_is_taken_from_who_is_at_work(home: Path) -> None:
    before = scratch(home, home.parent / "tmp")
    with held(home / "artifacts" / "finetune" / f"{KEY}.lock", "fine-tune lora"):
        found = scratch(home, home.parent / "tmp")
        used = {one.kind: one.holder for one in found}
        assert "fine-tune lora" in used["half made"] and "fine-tune lora" in used["checkpoints"]
        assert [one.kind for one in free(found, 0, checkpoints=True)] == ["temporary"]
    later = scratch(home, home.parent / "tmp")
    with held(Path(later[0].lock), "began since it was looked at"):
        assert free(later, 0, checkpoints=True) == []
    assert len(before) == 3 and len(later) == 2


def test_a_link_is_not_followed(home: Path) -> None:
    outside = home.parent / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    (home / "artifacts" / "finetune" / ".0123456789ab.link").symlink_to(outside)
    free(scratch(home, home.parent / "tmp"), 0, checkpoints=True)
    assert (outside / "mine").read_text() == "mine"
