"""A little of `make fuzz`: whatever is given to a reader, it reads it or refuses it in words."""

from __future__ import annotations

import pytest

from tests.hostile.fuzz import try_inputs
from tests.hostile.fuzzed import Target, targets


@pytest.mark.parametrize("name", ["suite", "data", "results", "gguf", "safetensors", "templates"])
def test_whatever_is_given_is_read_or_refused(name: str) -> None:
    assert try_inputs(targets()[name], 60, 0) > 0


def test_what_a_reader_lets_through_is_found() -> None:
    def fails(one: object) -> None:
        raise KeyError(one)

    with pytest.raises(KeyError):
        try_inputs(Target(targets()["suite"].inputs, fails), 3, 0)
