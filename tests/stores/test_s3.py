"""A store on S3, as a server that stands in for it speaks the protocol: needs s3fs, and moto with its server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from harness.errors import InputError
from harness.stores.store import SharedStore

pytestmark = pytest.mark.slow
KIND, KEY = "artifacts/merge", "k" * 64


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    running = moto.ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    url = "http://{}:{}".format(*running.get_host_and_port())
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    bucket = f"bucket-{uuid4().hex}"
    s3fs.S3FileSystem().mkdir(bucket)
    yield f"s3://{bucket}/folder"
    s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


def test_files_come_back_from_s3_and_the_first_record_stands(server: str, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(bytes(range(256)) * 40_000)
    store, other = SharedStore(server), SharedStore(server)
    assert store.identity() == other.identity()
    assert store.entry(KIND, KEY) is None and not store.keys(KIND)
    entry = store.put(KIND, KEY, {"deep/weights": file})
    assert other.entry(KIND, KEY) == entry and other.keys(KIND) == {KEY}
    place = f"{store._root}/{KIND}/{KEY}/manifest.json"
    assert not other._create(place, b"another"), "the first record stays"
    assert other.entry(KIND, KEY) == entry
    other.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched" / "deep" / "weights").read_bytes() == file.read_bytes()


def test_two_writers_at_once_leave_one_record(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked, and neither saw anything: S3 itself tells who is first."""
    store, other = SharedStore(server), SharedStore(server)
    monkeypatch.setattr(type(store._fs), "exists", lambda self, path: False)
    place = f"{store._root}/{KIND}/{KEY}/manifest.json"
    assert store._create(place, b"one") and not other._create(place, b"two")
    assert store._fs.cat_file(place) == b"one"


def test_what_s3_refuses_is_one_message_without_the_secret(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="s3://nowhere/folder") as missing:
        SharedStore("s3://nowhere/folder").identity()
    assert "bucket" in missing.value.message
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(InputError, match="redentials") as refused:
        SharedStore(server).identity()
    assert "AWS_ACCESS_KEY_ID" in refused.value.hint and "hunter2" not in str(refused.value)


def test_a_server_that_is_gone_is_one_message(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=f"{server}: it cannot be written to"):
        SharedStore(server).identity()
