"""What is shown while a run goes on."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from rich.console import Console

from harness.cli.progress import Display
from harness.cli.waiting import waiting
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.steps import Step
from harness.runner.jobs import Pace
from harness.runner.paces import rates
from harness.suite.schema import SpeedTask


def step(label: str = "ask base: sentiment") -> Step:
    params = CellParams(task=SpeedTask(type="speed"), options=LoadOptions(), seed=0)
    return Step("key", "cell", label, params, {}, model="base", task="sentiment")


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(200, 9000, 4.0), "50 examples/s, 2,250 tokens/s"),
        (Pace(5, 9000, 4.0), "1.2 examples/s, 2,250 tokens/s"),
        (Pace(1, 100, 8.0), "0.12 examples/s, 12 tokens/s"),
        (Pace(0, 0, 0.0), ""),
        (Pace(8, 9000, 4.0, {"loss": 1.234}), "2.0 examples/s, 2,250 tokens/s, loss 1.23"),
    ],
)
def test_rates_are_what_was_done_over_the_time_it_took(pace: Pace, expected: str) -> None:
    assert rates(pace, "examples") == expected


def test_a_finished_cell_says_how_fast_it_was_answered() -> None:
    stream = io.StringIO()
    with Display(Console(file=stream, width=200), steps=1) as display:
        one: Any = step()
        display.started(one)
        display.progressed(one, 0, 200, "examples")
        display.progressed(one, 200, 200, "examples", Pace(200, 9000, 4.0))
        display.finished(one)
    assert "ask base: sentiment  (50 examples/s, 2,250 tokens/s)" in stream.getvalue()


def test_on_a_terminal_the_rates_and_the_time_left_stand_beside_the_bar() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=200, force_terminal=True)
    with Display(console, steps=1) as display:
        one: Any = step()
        display.started(one)
        display.progressed(one, 50, 200, "examples", Pace(50, 2250, 1.0))
        display._progress.refresh()
    assert "50/200" in stream.getvalue()
    assert "50 examples/s, 2,250 tokens/s" in stream.getvalue()


def test_in_a_pipe_a_step_that_tells_nothing_is_heard_of_each_minute() -> None:
    stream, now = io.StringIO(), [0.0]
    one: Any = step("convert base to GGUF")
    with Display(Console(file=stream, width=200), steps=1, clock=lambda: now[0]) as display:
        display.started(one)
        for second in range(0, 130, 10):
            now[0] = float(second)
            display.beat()
        display.finished(one)
        for second in (131, 133, 134):
            now[0] = float(second)
            display.beat()
    assert stream.getvalue().rstrip().splitlines() == [
        "[ 0/1]   60.0 s  at      convert base to GGUF",
        "[ 0/1]  120.0 s  at      convert base to GGUF",
        "[ 1/1]  120.0 s  done    convert base to GGUF",
        "Comparing the answers and judging gates …",
    ]


@pytest.mark.parametrize(("seconds", "said"), [(0.0, ""), (0.3, "Reading …\n")])
def test_a_wait_is_spoken_of_where_it_is_long(seconds: float, said: str) -> None:
    stream, over = io.StringIO(), threading.Event()
    with waiting(Console(file=stream), "Reading", patience=0.1):
        over.wait(seconds)
    assert stream.getvalue() == said


def test_in_a_pipe_a_long_training_says_each_minute_where_it_is_and_at_last_its_loss() -> None:
    stream, now = io.StringIO(), [0.0]
    one: Any = step("fine-tune lora")
    with Display(Console(file=stream, width=200), steps=1, clock=lambda: now[0]) as display:
        display.started(one)
        for second in range(0, 150, 10):
            now[0] = float(second)
            pace = Pace(second, 100 * second, float(second), {"loss": 2.0 - second / 100})
            display.progressed(one, 100 * second, 15_000, "tokens", pace)
        display.finished(one)
    assert stream.getvalue().rstrip().splitlines() == [
        "[ 0/1]   60.0 s  at      fine-tune lora  (6,000 of 15,000 tokens, 100 tokens/s, loss 1.40)",
        "[ 0/1]  120.0 s  at      fine-tune lora  (12,000 of 15,000 tokens, 100 tokens/s, loss 0.80)",
        "[ 1/1]  140.0 s  done    fine-tune lora  (100 tokens/s, loss 0.60)",
    ]
