"""What the tab does that no browser shows."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.chat.models import ChatModel
from harness.chat.opening import Opening
from harness.chat.page.quiet import SETTINGS, quiet_gradio
from harness.chat.records import Settings
from harness.chat.room import ChatRoom
from harness.errors import InputError, MissingToolError

pytest.importorskip("gradio", reason="the extra `chat` is not installed")


@pytest.fixture
def tab(tmp_path: Path) -> Any:
    quiet_gradio(tmp_path)
    from harness.chat.page.talk import TalkTab

    return TalkTab(ChatRoom([ChatModel("base", "starter", Opening())], tmp_path))


def test_an_answer_is_stopped_by_its_own_page_only_and_by_leaving_it(tab: Any) -> None:
    from harness.chat.page.app import Tab, build_app

    stopped: list[str] = []
    tab._answers = {"mine": SimpleNamespace(stop=lambda: stopped.append("mine"))}
    tab._end(SimpleNamespace(session_hash="other"))
    assert stopped == []
    tab._end(SimpleNamespace(session_hash="mine"))
    assert stopped == ["mine"]
    blocks = build_app("chat", [Tab("Chat", tab.build)])
    leaving = [fn for fn in blocks.fns.values() if any(of[1] == "unload" for of in fn.targets)]
    assert [fn.fn.__name__ for fn in leaving] == ["_end"]


def test_nothing_of_the_page_is_offered_to_programs(tab: Any) -> None:
    from harness.chat.page.app import Tab, build_app

    blocks = build_app("chat", [Tab("Chat", tab.build)])
    assert blocks.analytics_enabled is False
    assert blocks.get_api_info()["named_endpoints"] == {}


def test_settings_are_what_the_controls_say(tab: Any) -> None:
    from harness.chat.page.asked import settings_of

    found = settings_of(0.5, 0.9, 20, 1.1, 64, " 7 ", "END\n\\n\\n\n\n")
    assert found == Settings(0.5, 0.9, 20, 1.1, 64, 7, ("END", "\n\n"))
    assert settings_of(0, 1, 0, 1, 1, "", None).seed is None
    with pytest.raises(InputError, match=r"no whole number: 1\.5"):
        settings_of(0, 1, 0, 1, 1, "1.5", "")


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), -5, None, "x", 1e300])
def test_no_number_that_a_browser_sends_reaches_a_model_unless_it_makes_sense(
    tab: Any, sent: Any
) -> None:
    from harness.chat.page.asked import settings_of

    found = settings_of(sent, sent, sent, sent, sent, "", "")
    assert 0 <= found.temperature <= 10 and 0 < found.top_p <= 1 and found.top_k >= 0
    assert 0 < found.repetition_penalty <= 10 and 1 <= found.max_new_tokens <= 1_000_000


def test_without_gradio_the_way_to_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingToolError, match="Gradio") as caught:
        quiet_gradio(tmp_path)
    assert "make chat" in caught.value.hint and "harness[chat]" in caught.value.hint


def test_gradio_is_told_to_keep_still_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    quiet_gradio(tmp_path)
    from gradio.analytics import analytics_enabled

    assert not analytics_enabled() and SETTINGS["HF_HUB_DISABLE_TELEMETRY"] == "1"
