"""A node that did not come up on a busy machine is cleared away and started again, a few times."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from harness.errors import CrashError
from harness.executors.starting import TRIES, started


@dataclass
class Node:
    """Starts a process each time, and comes up at one of them."""

    comes_up_at: int
    tries: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> str:
        words = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
        self.tries.append(subprocess.Popen(words, stdin=subprocess.PIPE))
        if len(self.tries) < self.comes_up_at:
            raise Exception("The current node timed out during startup.\nand more")
        return "up"

    def running(self) -> list[bool]:
        return [one.poll() is None for one in self.tries]

    def end(self) -> None:
        for one in self.tries:
            one.communicate()


def test_a_node_that_comes_up_is_started_once() -> None:
    node = Node(1)
    try:
        assert started(node.start) == "up" and node.running() == [True]
    finally:
        node.end()


def test_a_node_that_did_not_come_up_is_cleared_away_and_started_again() -> None:
    node = Node(3)
    try:
        assert started(node.start) == "up" and node.running() == [False, False, True]
    finally:
        node.end()


def test_a_node_that_never_comes_up_is_one_message_and_leaves_nothing() -> None:
    node = Node(99)
    try:
        with pytest.raises(CrashError) as told:
            started(node.start)
        assert told.value.message == (
            "Ray did not start on this machine in 4 tries: The current node timed out during startup."
        )
        assert "same command" in told.value.hint and node.running() == [False] * TRIES
    finally:
        node.end()
