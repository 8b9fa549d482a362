"""What the command says of a store that cannot be used: what, where, how to mend, and exit code 2, before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.cli import main

SUITE = """
name: small
models: {base: {source: starter}}
tasks: {sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}}
"""
PASSWORD = "planted-password"


@pytest.mark.parametrize(
    ("url", "said", "mend"),
    [
        ("s3:bucket", "s3:bucket: this is no URL", "file:///folder"),
        ("xyz://bucket", "no file system is known by xyz://", "file:///folder"),
        ("file://shared", "named from the root on", "file:///folder"),
        ("file:///nowhere/at/all", "there is no such folder", "Mount it, or make it"),
        ("{here}/suite.yaml", "this is a file, and no folder", "Name a folder"),
        (f"sftp://me:{PASSWORD}@host/x", "must hold no password", "from the environment"),
        (f"s3://bucket/x?secret={PASSWORD}", "no options", "AWS_ACCESS_KEY_ID"),
        ("s3://bucket/folder", "not installed: s3fs", "pip install s3fs"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_message(
    url: str,
    said: str,
    mend: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sys.modules, "s3fs", None)
    (tmp_path / "suite.yaml").write_text(SUITE)
    words = ["harness", "run", "suite.yaml", "--store", url.format(here=tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    told = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 2 and said in told and mend in told, told
    assert told.startswith("error: ") and "Traceback" not in told and PASSWORD not in told
    assert not (tmp_path / "results").exists(), "nothing was begun"
