"""The order of laps, and how they reach pytest-benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.race import CLOCK, Contestant, Laps, replay, run_race


def test_laps_are_taken_in_turn() -> None:
    order: list[str] = []

    def contestant(name: str, rounds: int) -> Contestant:
        def lap() -> dict[str, Any]:
            order.append(name)
            return {"seconds": 1.0}

        def warm_up() -> dict[str, Any]:
            order.append(f"warm {name}")
            return {}

        return Contestant(name, lap, rounds, warm_up)

    laps = run_race([contestant("a", 1), contestant("b", 3), contestant("c", 2)])
    assert order == ["warm a", "warm b", "warm c", "a", "b", "c", "b", "c", "b"]
    assert [len(laps[name].seconds) for name in "abc"] == [1, 3, 2]


def test_one_that_fails_gives_up_and_the_others_go_on() -> None:
    laps_of_a = 0

    def fails() -> dict[str, Any]:
        nonlocal laps_of_a
        laps_of_a += 1
        if laps_of_a == 2:
            raise RuntimeError("out of memory")
        return {"seconds": 1.0}

    laps = run_race([Contestant("a", fails, 3), Contestant("b", lambda: {"seconds": 2.0}, 3)])
    assert laps_of_a == 2
    assert laps["a"].error == "out of memory"
    assert laps["b"].seconds == [2.0, 2.0, 2.0]
    with pytest.raises(pytest.fail.Exception, match="out of memory"):
        replay(None, "group", "a", laps["a"])


def test_replayed_laps_take_as_long_as_they_took() -> None:
    found: list[float] = []

    class Fixture:
        """What `replay` uses of pytest-benchmark's fixture."""

        group = ""

        def __init__(self) -> None:
            self.extra_info: dict[str, Any] = {}

        def pedantic(self, target: Any, rounds: int) -> None:
            for _ in range(rounds):
                started = CLOCK()
                target()
                found.append(CLOCK() - started)

    fixture = Fixture()
    answers = ({"seconds": 2.0, "examples": 60}, {"seconds": 1.5, "examples": 60})
    replay(fixture, "group", "ours", Laps({"batch_size": 8}, answers, (0.0, 0.004)))
    assert found == [2.0, 1.5]
    assert fixture.group == "group"
    assert fixture.extra_info == {
        "contestant": "ours",
        "batch_size": 8,
        "seconds": [2.0, 1.5],
        "examples": 60,
        "other_cores": [0.0, 0.0],
    }
