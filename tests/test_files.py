"""Files that are written whole or not at all, and room for them."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from pathlib import Path

import pytest

from harness.appended import FLUSH_SECONDS, Appended
from harness.disk import bytes_in, disk_fault, free_disk_bytes
from harness.errors import RemovedError
from harness.files import (
    is_file_name,
    put_in_place,
    replaced,
    sweep_abandoned,
    sweep_beside,
    write_atomically,
    write_together,
)


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deep" / "f.json"
    write_atomically(file, "old")

    def broken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="no"):
        write_atomically(file, "new")
    assert [path.read_text() for path in file.parent.iterdir()] == ["old"]


def test_what_a_dead_writer_left_is_swept_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    file, spared = tmp_path / "deep" / "f.json", tmp_path / "spared" / "f.json"
    writer = os.fork()
    if writer == 0:  # pragma: no cover
        for one in (file, spared):
            replaced(one).__enter__().write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(writer, 0)
    (left,) = file.parent.iterdir()
    with replaced(file) as living:
        living.write_text("whole")
        sweep_abandoned(tmp_path, ("spared",))
        assert [*file.parent.iterdir()] == [living] and not left.exists()
    sweep_abandoned(tmp_path, ("spared",))
    assert file.read_text() == "whole"
    assert len([*spared.parent.iterdir()]) == 1


def test_beside_files_goes_what_was_to_take_their_place_and_nothing_of_the_users(
    tmp_path: Path,
) -> None:
    for name in (".page.html.ab12cd34", ".env.template", ".other.html.ab12cd34", "page.html"):
        (tmp_path / name).write_text("x")
    sweep_beside([tmp_path / "page.html", tmp_path / "none" / "page.html"])
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".env.template", ".other.html.ab12cd34", "page.html"]


def test_a_folder_that_is_not_there_has_the_room_of_the_one_above(tmp_path: Path) -> None:
    assert free_disk_bytes(tmp_path / "a" / "b") > 0


def test_a_folder_takes_what_all_files_in_it_do(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_text("1234")
    (tmp_path / "b").write_text("56")
    places = (tmp_path, tmp_path / "b", tmp_path / "none")
    assert [bytes_in(place) for place in places] == [6, 2, 0]


def test_a_name_that_leads_elsewhere_is_none_of_a_file() -> None:
    assert is_file_name("lora-q4.seed1")
    assert not any(map(is_file_name, ["../x", "/etc", "a/b", "..", "", "a\n", "a\\b", ".hidden"]))


class Calls:
    """What is asked of the system, in order, by the names of files."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        fsync, rename = os.fsync, os.replace

        def synchronised(descriptor: int) -> None:
            name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
            self.made.append(f"fsync {name.split('.')[1] if name.startswith('.') else name}")
            fsync(descriptor)

        def renamed(old: str | Path, new: str | Path) -> None:
            self.made.append(f"rename to {Path(new).name}")
            rename(old, new)

        patch.setattr(os, "fsync", synchronised)
        patch.setattr(os, "replace", renamed)


def test_contents_then_name_then_folder_are_put_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    write_atomically(tmp_path / "in" / "f", "text")
    assert calls.made == ["fsync f", "rename to f", "fsync in"]


def test_what_is_made_anew_where_it_is_lost_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    write_atomically(tmp_path / "f", "text", lasting=False)
    assert calls.made == ["rename to f"] and (tmp_path / "f").read_text() == "text"


def test_files_that_belong_together_are_all_on_disk_before_the_first_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    files = {tmp_path / "deep" / "b": "1", tmp_path / "deep" / "a": "2", tmp_path / "c": "3"}
    write_together(files)
    first, then, last = calls.made[:3], calls.made[3:6], calls.made[6:]
    assert set(first) == {"fsync a", "fsync b", "fsync c"}
    assert then == ["rename to b", "rename to a", "rename to c"]
    assert set(last) == {"fsync deep", f"fsync {tmp_path.name}"}
    assert {file: file.read_text() for file in files} == files


def test_files_that_belong_together_stay_as_they_were_where_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {tmp_path / "a": "1", tmp_path / "b": "2"}
    write_together(files)

    def full(_: int) -> None:
        raise OSError("no")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no"):
        write_together({file: "new" for file in files})
    assert {file: file.read_text() for file in tmp_path.iterdir()} == files


def test_a_folder_appears_with_all_of_its_files_on_disk_and_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, scratch = tmp_path / "made", tmp_path / "scratch"
    (scratch / "deep").mkdir(parents=True)
    (scratch / "deep" / "a").write_text("new")
    old.mkdir()
    (old / "b").write_text("old")
    calls = Calls(monkeypatch)
    put_in_place(scratch, old)
    before, after = calls.made[: calls.made.index("rename to made")], calls.made[-1]
    assert {"fsync a", "fsync deep", "fsync scratch"} <= set(before)
    assert after == f"fsync {tmp_path.name}"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (old / "deep" / "a").read_text() == "new" and not (old / "b").exists()


def test_a_folder_in_the_place_of_a_file_is_moved_aside_with_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.mkdir()
    (file / "somebody's").write_text("own")
    write_atomically(file, "new")
    assert file.read_text() == "new"
    (aside,) = tmp_path.glob("f.json.was-a-folder.*")
    assert (aside / "somebody's").read_text() == "own"


def test_appended_lines_are_on_disk_once_a_second_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, now = Calls(monkeypatch), [0.0]
    file = tmp_path / "lines"
    with Appended(file, lambda: now[0]) as lines:
        for number in range(10):
            now[0] += FLUSH_SECONDS / 4
            lines.line(f"{number}")
            assert file.read_text().splitlines()[-1] == f"{number}", "others read it at once"
        assert calls.made == ["fsync lines", f"fsync {tmp_path.name}", "fsync lines"], (
            "its name once"
        )
    assert calls.made[3:] == ["fsync lines"]
    assert file.read_text() == "".join(f"{number}\n" for number in range(10))


def test_a_slow_disk_is_waited_for_a_hundredth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, calls = [0.0], [0]

    def slow(_: int) -> None:
        now[0] += 0.5
        calls[0] += 1

    monkeypatch.setattr(os, "fsync", slow)
    with Appended(tmp_path / "lines", lambda: now[0]) as lines:
        for _ in range(1000):
            now[0] += 1.0
            lines.line("x")
        assert 0.5 * calls[0] / now[0] <= 0.011


@pytest.mark.parametrize("gone", [True, False])
def test_lines_that_nobody_will_read_are_said_to_be_lost(tmp_path: Path, gone: bool) -> None:
    file = tmp_path / "folder" / "lines"
    file.parent.mkdir()
    with (
        pytest.raises(RemovedError, match=f"{file} was removed, or replaced"),
        Appended(file) as lines,
    ):
        lines.line("one")
        shutil.rmtree(file.parent)
        if not gone:
            file.parent.mkdir()
            file.touch()
        lines.line("two")


def test_another_error_is_not_hidden_by_lines_that_are_gone(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    with pytest.raises(ValueError, match="first"), Appended(file):
        file.unlink()
        raise ValueError("first")


def test_a_write_that_takes_a_part_goes_on_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[:3]))
    with Appended(tmp_path / "lines") as lines:
        for number in range(3):
            lines.line(f"line {number} with Ümläute")
    written = (tmp_path / "lines").read_text().splitlines()
    assert written == [f"line {number} with Ümläute" for number in range(3)]


@pytest.mark.parametrize("name", ["fsync", "replace", "write"])
def test_an_error_of_the_disk_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lines = Appended(tmp_path / "lines")
    monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match=r"lines|file") as caught:
        if name == "write":
            lines.line("one")
        else:
            write_atomically(tmp_path / "file", "text")
    fault = disk_fault(caught.value)
    assert fault is not None and str(tmp_path) in fault[0] and fault[0].endswith("the disk is full")
    assert {path.name for path in tmp_path.iterdir()} == {"lines"}
