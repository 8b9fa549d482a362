"""The name that was meant."""

from __future__ import annotations

from harness.nearest import closest, nearest


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert closest("q4_k_m", ["Q4_K_M", "Q8_0"]) == "Q4_K_M"
    assert closest("zebra", ["Q4_K_M", "Q8_0"]) is None


def test_a_hint_names_the_nearest_and_all() -> None:
    assert nearest("sentimnt", ["sentiment", "dialogue"]) == (
        "Did you mean `sentiment`? Valid: dialogue, sentiment."
    )
    assert nearest("zebra", ["dialogue"]) == "Valid: dialogue."
    assert nearest("zebra", []) == "There is none to choose from."
