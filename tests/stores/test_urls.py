"""What a user may name a store by, and what is said of the rest."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.stores.store import SharedStore
from harness.stores.urls import checked, redacted

SECRET = "hunter2"


def test_a_folder_may_be_named_without_a_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert checked("shared") == checked(f"file://{tmp_path}/shared") == f"file://{tmp_path}/shared"
    assert checked("s3://bucket/folder/") == "s3://bucket/folder"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no URL"),
        ("s3:bucket", "no URL"),
        ("file://shared", "from the root on"),
        ("s3://", "no bucket"),
        ("simplecache::s3://bucket", "no URL of a folder"),
        ("s3://[bucket", "no URL"),
        ("xyz://bucket", "no file system is known by xyz://"),
    ],
)
def test_what_is_no_url_is_refused(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        SharedStore(url)
    assert refused.value.exit_code == 2 and refused.value.hint


@pytest.mark.parametrize(
    "url", [f"sftp://me:{SECRET}@host/x", f"s3://key:{SECRET}@bucket", f"s3://b/x?secret={SECRET}"]
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as refused:
        SharedStore(url)
    said = refused.value.message + refused.value.hint
    assert SECRET not in said and "environment" in said
    assert SECRET not in redacted(f"could not connect to {url}: 'no'")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = importlib.import_module("fsspec.registry")

    monkeypatch.setitem(sys.modules, "s3fs", None)
    registry._registry.pop("s3", None)
    with pytest.raises(InputError, match="not installed: s3fs") as missing:
        SharedStore("s3://bucket/folder")
    assert "pip install s3fs" in missing.value.hint
