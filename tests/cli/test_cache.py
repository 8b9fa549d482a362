"""`harness cache`: lists what lies in the harness's folder, and forgets answers, never what was paid."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest

from harness.cli.cache import clean, clean_fetched, clean_scratch, list_kept
from harness.engines.endpoint.ledger import Ledger
from harness.engines.endpoint.places import answers_folder, ledger_file
from harness.engines.endpoint.remembered import Memory, Remembering
from harness.engines.endpoint.replies import Reply
from harness.errors import InputError
from harness.stores.cache import FetchedCache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))
    for model, count in (("big", 3), ("small", 2)):
        memory = Memory(
            Remembering(answers_folder(tmp_path), ""), "https://api.example.com/v1", model
        )
        for number in range(count):
            body = {"prompt": f"p{number}", "temperature": 0}
            memory.keep(memory.key("/completions", body, ()), Reply(text="t", finish="stop"))
    ledger = Ledger(ledger_file(tmp_path, "suite-1"))
    ledger.settle(ledger.reserve("hosted", "USD", Decimal("0.2"), {}), Decimal("0.125"))
    ledger.close()
    made = tmp_path / "artifacts" / "convert" / "key"
    made.mkdir(parents=True)
    (made / "model.gguf").write_bytes(b"x" * 2000)
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    assert list_kept(as_json=True) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["paid"]["suite-1"][0]["paid"] == "0.125"
    return {of["name"]: of["count"] for of in data["kept"]}


def test_what_lies_there_is_listed_by_what_it_is_of(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"api.example.com/big": 3, "api.example.com/small": 2, "convert": 1}
    assert listed(capsys) == counts
    list_kept(as_json=False)
    said = capsys.readouterr().out
    assert "api.example.com/big" in said and "2.00 kB" in said
    assert "Paid for suite-1: hosted 0.125 USD." in said


def test_answers_are_forgotten_and_what_they_cost_is_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "answers" / "00").mkdir(exist_ok=True)
    (home / "answers" / "00" / "broken.json").write_text("{")
    assert clean("api.example.com/big", as_json=False) == 0
    assert "Forgot 3 answers" in capsys.readouterr().out
    assert listed(capsys) == {"api.example.com/small": 2, "convert": 1, "?": 1}
    with pytest.raises(InputError, match="no remembered answer fits") as caught:
        clean("api.example.com/big", as_json=False)
    assert "api.example.com/small" in caught.value.hint


def test_what_dead_runs_left_is_listed_and_freed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    left = home / "artifacts" / "convert" / ".key.ab12cd34"
    left.mkdir()
    (left / "half.gguf").write_bytes(b"x" * 3000)
    list_kept(as_json=False)
    said = capsys.readouterr().out
    assert "half made" in said and "harness cache clean" in said
    assert clean_scratch(1, False, False, False) == 0
    assert "changed not long ago (--idle DAYS)" in capsys.readouterr().out and left.is_dir()
    assert clean_scratch(0, False, True, False) == 0
    assert "Would free" in capsys.readouterr().out and left.is_dir()
    assert clean_scratch(0, False, False, True) == 0
    (freed,) = json.loads(capsys.readouterr().out)["freed"]
    assert freed["kind"] == "half made" and not left.exists()


def test_what_came_from_a_store_is_listed_with_its_limit_and_freed_unless_it_is_in_use(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE_LIMIT", "5 kB")
    cache, made = FetchedCache(home), home / "artifacts" / "convert" / "key"
    with cache.using("artifacts/convert", "key", made, 2000):
        list_kept(as_json=False)
        said = capsys.readouterr().out
        assert "1 item, 2.00 kB of at most 5.00 kB (HARNESS_CACHE_LIMIT)" in said
        clean_fetched(dry_run=False, as_json=False)
        assert capsys.readouterr().out == "Freed 0 B. Left: 1 in use.\n" and made.exists()
    clean_fetched(dry_run=True, as_json=False)
    assert "Would free 2.00 kB" in capsys.readouterr().out and made.exists()
    clean_fetched(dry_run=False, as_json=True)
    assert json.loads(capsys.readouterr().out)["bytes"] == 2000 and not made.exists()
