"""What strangers wrote ends where its bounds are, in a process that can be ended."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.sandbox import MEMORY, OutOfBoundsError, bounded, interrupted_after

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes cannot be copied there")


def test_what_the_work_gives_and_raises_comes_back() -> None:
    assert bounded(lambda mark: [os.getpid()]) != [os.getpid()]
    with pytest.raises(InputError) as caught:
        bounded(lambda mark: refuse())
    assert (caught.value.message, caught.value.hint) == ("no", "mend it")


def refuse() -> None:
    raise InputError("no", "mend it")


def endless(mark: Callable[[int], None]) -> None:
    mark(17)
    while True:
        pass


def test_a_loop_without_end_is_ended_and_says_where_it_was() -> None:
    with pytest.raises(OutOfBoundsError, match="more than 1 s of a processor") as caught:
        bounded(endless, seconds=1)
    assert caught.value.at == 17


def test_memory_without_end_is_refused() -> None:
    with pytest.raises(OutOfBoundsError, match="1 GiB"):
        bounded(lambda mark: len(b"x" * (2 * MEMORY)))


def test_a_loop_within_this_process_is_interrupted_and_nothing_stays_behind() -> None:
    with pytest.raises(OutOfBoundsError), interrupted_after(0.05):
        endless(lambda at: None)
    with interrupted_after(0.05):
        pass
    sum(range(3_000_000))


def test_in_another_thread_nothing_is_interrupted() -> None:
    found: list[int] = []

    def work() -> None:
        with interrupted_after(1e-6):
            found.append(sum(range(100_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [4999950000]


def test_a_copy_that_is_killed_from_outside_is_tried_once_more(tmp_path: Path) -> None:
    tried = tmp_path / "tried"

    def killed(times: int) -> str:
        with tried.open("a") as file:
            file.write("x")
        if len(tried.read_text()) <= times:
            os.kill(os.getpid(), signal.SIGKILL)
        return "whole"

    assert bounded(lambda mark: killed(1)) == "whole"
    tried.unlink()
    with pytest.raises(OutOfBoundsError):
        bounded(lambda mark: killed(2))
    assert tried.read_text() == "xx"
