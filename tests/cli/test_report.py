"""`harness report`: which answers the page holds is the user's to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.reporting.browser.made import write_made
from tests.reporting.browser.unpacked import index_of


def test_samples_are_put_in_as_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_made(tmp_path / "made", tasks={"t": "classify"})
    page, here = tmp_path / "reports" / "made" / "index.html", {}
    for samples in ("all", "changed", "none", ""):
        how = ("--samples", samples) if samples else ()
        words = ("report", tmp_path / "made", "--reports", tmp_path / "reports", *how)
        code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 0 and str(page) in out
        assert f'data-samples="{samples}"' in page.read_text()
        here[samples] = sum(task["here"] for task in index_of(page)["tasks"])
    assert here["none"] == 0 < here["changed"] < here["all"] == here[""] == 30
    code, _, err = run(*words, "--samples", "some", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "'some'" in err
