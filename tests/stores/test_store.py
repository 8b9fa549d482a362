"""What a shared store keeps, what it finds wrong, and what it says where it cannot be reached."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from harness.errors import DamagedInStoreError, InputError, StoreError
from harness.stores.entries import RECORD, Entry
from harness.stores.store import SharedStore

KIND, KEY = "artifacts/merge", "k" * 64


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "made"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "deep" / "weights").write_bytes(bytes(range(256)) * 100)
    return {"a.json": folder / "a.json", "deep/weights": folder / "deep" / "weights"}


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedStore]:
    if request.param == "memory":
        yield SharedStore(f"memory://{uuid4().hex}")
        return
    (tmp_path / "shared").mkdir()
    yield SharedStore(f"file://{tmp_path / 'shared'}")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_was_put_there_is_fetched_to_the_byte(
    store: SharedStore, files: dict[str, Path], tmp_path: Path
) -> None:
    assert store.entry(KIND, KEY) is None and not store.keys(KIND)
    put = store.put(KIND, KEY, files, {"outcome": {"loss": 1.5}})
    found = store.entry(KIND, KEY)
    assert found == put and found.about == {"outcome": {"loss": 1.5}} and found.size == 25602
    assert store.keys(KIND) == {KEY}
    store.fetch(found, tmp_path / "fetched")
    assert contents(tmp_path / "fetched") == contents(tmp_path / "made")
    weights = hashlib.sha256(files["deep/weights"].read_bytes()).hexdigest()
    assert found.files["deep/weights"].sha256 == weights


def test_what_is_there_is_not_written_again(store: SharedStore, files: dict[str, Path]) -> None:
    first = store.put(KIND, KEY, files)
    files["a.json"].write_text("something else")
    assert store.put(KIND, KEY, files) == first


def test_of_two_that_put_the_same_at_once_the_first_stands(
    store: SharedStore, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other has looked before the first was done, and has uploaded all when it finds it there."""
    first = SharedStore(store.url)
    look, looked = store.entry, []

    def late(kind: str, key: str) -> Entry | None:
        looked.append(key)
        return None if len(looked) == 1 else look(kind, key)

    monkeypatch.setattr(store, "entry", late)
    won = first.put(KIND, KEY, files)
    files["a.json"].write_text("made by the other")
    assert store.put(KIND, KEY, files) == won
    store.fetch(won, tmp_path / "fetched")
    assert contents(tmp_path / "fetched")["a.json"] == b"{}"
    left = {path.split("/")[-2] for path in store._fs.find(store._root) if "weights" not in path}
    assert won.nonce in left and len(left) == 2, "what was put there in vain is taken back"


@pytest.mark.parametrize("fault", ["changed", "cut", "gone"])
def test_a_file_that_is_not_what_was_put_there_is_named_and_its_entry_is_none(
    store: SharedStore, files: dict[str, Path], tmp_path: Path, fault: str
) -> None:
    entry = store.put(KIND, KEY, files)
    place = f"{store._root}/{KIND}/{KEY}/{entry.nonce}/deep/weights"
    good = store._fs.cat_file(place)
    if fault == "gone":
        store._fs.rm(place)
    else:
        bad = good[:-1] if fault == "cut" else good[:-1] + b"!"
        store._fs.pipe_file(place, bad)
    with pytest.raises(DamagedInStoreError, match=r"deep/weights (is|has) .*set aside"):
        store.fetch(entry, tmp_path / "fetched")
    assert store.entry(KIND, KEY) is None
    again = store.put(KIND, KEY, files)
    store.fetch(again, tmp_path / "fetched")
    assert contents(tmp_path / "fetched") == contents(tmp_path / "made")


def test_what_was_damaged_on_its_way_is_fetched_once_more(
    store: SharedStore, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = store.put(KIND, KEY, files)
    open_file, opened = store._fs.open, []

    class Broken:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def read(self, count: int) -> bytes:
            return bytes(self.stream.read(count)).replace(b"\x07", b"\x08")

        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *of: object) -> None:
            self.stream.close()

    def broken_once(path: str, mode: str, **how: Any) -> Any:
        opened.append(path)
        stream = open_file(path, mode, **how)
        return Broken(stream) if len(opened) == 2 else stream

    monkeypatch.setattr(store._fs, "open", broken_once)
    store.fetch(entry, tmp_path / "fetched")
    assert len(opened) == 3 and contents(tmp_path / "fetched") == contents(tmp_path / "made")


def test_a_damaged_record_is_named_and_is_none(store: SharedStore, files: dict[str, Path]) -> None:
    store.put(KIND, KEY, files)
    place = f"{store._root}/{KIND}/{KEY}/{RECORD}"
    store._fs.pipe_file(place, store._fs.cat_file(place).replace(b"25600", b"25601"))
    with pytest.raises(DamagedInStoreError, match=RECORD):
        store.entry(KIND, KEY)
    assert store.entry(KIND, KEY) is None


def test_a_record_that_leads_out_of_its_folder_is_none(
    store: SharedStore, files: dict[str, Path]
) -> None:
    entry = store.put(KIND, KEY, files)
    strange = Entry(KIND, KEY, entry.nonce, {"../../x": entry.files["a.json"]})
    store._fs.pipe_file(f"{store._root}/{KIND}/{KEY}/{RECORD}", strange.record())
    with pytest.raises(DamagedInStoreError, match="lie elsewhere"):
        store.entry(KIND, KEY)


def test_a_full_store_is_named_and_holds_nothing_of_what_was_put(
    store: SharedStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = store._fs.open

    class Full:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def write(self, data: bytes) -> int:
            if len(data) > 100:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.stream.write(data))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.stream, name)

    monkeypatch.setattr(
        store._fs, "open", lambda path, mode, **how: Full(open_file(path, mode, **how))
    )
    with pytest.raises(StoreError, match=r"weights cannot be put there: the store is full") as full:
        store.put(KIND, KEY, files)
    assert "run the same command" in full.value.hint
    monkeypatch.undo()
    assert store.entry(KIND, KEY) is None
    assert not [path for path in store._fs.find(store._root) if "a.json" in path]
    assert store.put(KIND, KEY, files).files


@pytest.mark.parametrize("at", ["a.json", "deep/weights", RECORD])
def test_what_an_uploader_that_was_killed_left_is_not_taken_for_whole(
    store: SharedStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """It is gone while it puts a file, or just before the record: it takes nothing back."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(store, "_remove", lambda folder: None)
        send = store._send

        def send_some(file: Path, target: str, on_bytes: Any) -> Any:
            if target.endswith(at):
                store._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
                store._fs.pipe_file(target, file.read_bytes()[:1])
                raise Killed
            return send(file, target, on_bytes)

        patch.setattr(store, "_send", send_some)
        patch.setattr(store, "_create", killed)
        with pytest.raises(Killed):
            store.put(KIND, KEY, files)
    assert store.keys(KIND) == {KEY} and store.entry(KIND, KEY) is None
    put = store.put(KIND, KEY, files)
    assert store.entry(KIND, KEY) == put and set(put.files) == set(files)


def test_two_see_by_its_identity_whether_they_share_a_store(
    store: SharedStore, tmp_path: Path
) -> None:
    assert store.identity() == SharedStore(store.url).identity()
    (tmp_path / "other").mkdir()
    assert store.identity() != SharedStore(str(tmp_path / "other")).identity()


def test_a_folder_that_is_not_mounted_is_not_made(tmp_path: Path, files: dict[str, Path]) -> None:
    store = SharedStore(f"file://{tmp_path / 'mount'}")
    with pytest.raises(InputError, match="there is no such folder"):
        store.identity()
    with pytest.raises(StoreError, match="there is no such folder"):
        store.put(KIND, KEY, files)
    with pytest.raises(StoreError, match="there is no such folder"):
        store.entry(KIND, KEY)
    assert not (tmp_path / "mount").exists()
    (tmp_path / "mount").touch()
    with pytest.raises(InputError, match="this is a file, and no folder"):
        store.identity()
