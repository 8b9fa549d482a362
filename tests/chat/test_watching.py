"""A run as a page shows it."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from re import sub

import pytest

from harness.results.journal import RunState, StepState

pytest.importorskip("gradio", reason="the extra `chat` is not installed")
from harness.chat.page.watching import run_html

STEPS = (
    StepState("read base", counted=False),
    StepState("encode sentiment", "prompts", task="sentiment", state="done", begun=100, ended=110),
    StepState("ask base sentiment", "cell", "base", "sentiment", state="runs", begun=110, done=3, total=12, unit="examples"),
    StepState("ask tuned sentiment", "cell", "tuned", "sentiment"),
)  # fmt: skip
RUN = RunState(began=100.0, steps=STEPS, there=(("old", "sentiment"),))


def said(run: RunState, is_running: bool = True, now: float = 130.0) -> str:
    return " ".join(unescape(sub("<[^>]*>", " ", run_html(run, is_running, now))).split())


def test_what_is_done_runs_and_waits_is_said() -> None:
    told = said(RUN)
    assert "Running for 30 s: 1 of 3 steps over, 1 waiting." in told
    assert "ask base sentiment for 20 s, 3 of 12 examples" in told
    assert "old ✓ there" in told and "base runs 25%" in told and "tuned waits" in told


def test_a_killed_run_is_told_from_one_that_was_interrupted_and_from_one_that_is_over() -> None:
    assert "ended without a word" in said(RUN, is_running=False)
    assert "base interrupted" in said(RUN, is_running=False)
    assert "was interrupted" in said(replace(RUN, ended=125.0), is_running=False)
    done = tuple(replace(step, state="done") for step in STEPS)
    over = replace(RUN, steps=done, ended=160.0)
    assert "The last run is over, after 1 min 0 s: 3 of 3 steps over." in said(over, False)
    assert "Comparing the answers" in said(replace(over, ended=0.0))
    assert "No run" in said(RunState(), is_running=False)


def test_a_failure_is_shown_with_its_remedy_and_as_text() -> None:
    bad = replace(STEPS[2], state="failed", message="<script>alert(1)</script>", hint="${mend} it")
    drawn = run_html(replace(RUN, steps=(*STEPS[:2], bad, STEPS[3])), True, 130.0)
    assert "<script" not in drawn and "${" not in drawn
    assert "<script>alert(1)</script>" in unescape(drawn) and "${mend} it" in unescape(drawn)
    assert "1 failed" in drawn and "✗ failed" in drawn
