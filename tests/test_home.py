"""Where the environment says that things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.home import default_home


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", "/x")
    assert default_home() == Path("/x")
    monkeypatch.setenv("HARNESS_HOME", "")
    assert default_home() == Path.home() / ".cache" / "harness"
