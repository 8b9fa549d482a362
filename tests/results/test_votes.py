"""Votes beside the results."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.errors import InputError
from harness.records import Vote
from harness.results.store import ResultsStore, read_summary
from harness.results.votes import VOTES, cast, read_votes, summarize_votes
from tests.results.made import write_results
from tests.results.votes_made import vote

RIGHT = {"base": [True, False, True], "tuned": [True, True, True]}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_results(tmp_path / "suite", RIGHT)


def cast_here(results: Path, one: Vote) -> None:
    cast(results, one, read_summary(results).models)


def cast_many(results: Path, voter: str, times: int) -> None:
    for place in range(times):
        long = f"{place} " + "word " * 3_000
        cast_here(results, vote(["base", "tuned"], place % 2, voter, prompt=long))


def test_a_vote_is_read_back_as_it_was_cast(results: Path) -> None:
    hostile = '\u2028 line\r\nbreaks \x00 and <script>alert(1)</script> "quotes"'
    first = vote(["tuned", "base"], "both good", prompt=hostile)
    cast_here(results, first)
    cast_here(results, vote(["base", "tuned"], 1))
    read = read_votes(results)
    assert read.votes == (first, vote(["base", "tuned"], 1)) and read.damaged == 0
    assert len((results / VOTES).read_bytes().splitlines()) == 2


def test_several_processes_vote_at_once_and_no_line_is_torn(results: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        list(pool.map(cast_many, [results] * 4, "abcd", [20] * 4))
    read = read_votes(results)
    assert read.damaged == 0
    assert sorted(one.voter for one in read.votes) == sorted("abcd" * 20)


def test_a_line_cut_off_takes_no_vote_with_it(results: Path) -> None:
    cast_here(results, vote(["base", "tuned"], 0))
    file = results / VOTES
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2])
    assert read_votes(results).damaged == 1
    cast_here(results, vote(["base", "tuned"], 1))
    read = read_votes(results)
    assert [one.choice for one in read.votes] == [0, 1] and read.damaged == 1


def test_no_vote_is_taken_on_models_that_are_not_those_measured(results: Path) -> None:
    with pytest.raises(InputError, match="stranger"):
        cast_here(results, vote(["base", "stranger"], 0))
    with pytest.raises(InputError, match="tuned"):
        cast_here(results, vote(["base", "tuned"], 0, keys=["", "another"]))
    assert not (results / VOTES).exists()


@pytest.mark.parametrize("choice", [2, -1, "none"])
def test_a_vote_is_for_an_answer_that_was_there(choice: int) -> None:
    with pytest.raises(ValidationError):
        vote(["base", "tuned"], choice)


def test_no_model_stands_against_itself() -> None:
    with pytest.raises(ValidationError, match="against itself"):
        vote(["base", "base"], 0)


def test_whoever_reads_the_summary_sees_the_votes(results: Path) -> None:
    assert read_summary(results).votes is None
    for choice in (0, 0, 1):
        cast_here(results, vote(["base", "tuned"], choice))
    cast_here(results, vote(["base", "tuned"], 0, blind=False))
    found = read_summary(results).votes
    assert found is not None
    assert [(of.blind, of.votes) for of in found.sets] == [(True, 3), (False, 1)]
    pair = found.sets[0].pairs[0]
    assert (pair.first, pair.first_preferred, pair.second_preferred) == ("base", 2, 1)


def test_votes_stay_with_a_summary_that_stands_alone(results: Path, tmp_path: Path) -> None:
    cast_here(results, vote(["base", "tuned"], 0))
    whole = read_summary(results)
    alone = ResultsStore(tmp_path / "alone")
    alone.write_summary(whole)
    assert read_summary(alone.folder) == whole


def test_votes_on_models_that_changed_are_counted_and_left_out(results: Path) -> None:
    for _ in range(3):
        cast_here(results, vote(["base", "tuned"], 0))
    models = dict(read_summary(results).models)
    models["tuned"] = models["tuned"].model_copy(update={"key": "of other weights"})
    found = summarize_votes(read_votes(results), models)
    assert found is not None and found.sets == [] and found.outdated == 3


def test_lines_that_are_no_votes_are_counted(results: Path) -> None:
    cast_here(results, vote(["base", "tuned"], 0))
    with (results / VOTES).open("a") as file:
        file.write(json.dumps({"vote": "early"}) + "\n\n")
    found = read_summary(results).votes
    assert found is not None and (found.damaged, found.sets[0].votes) == (1, 1)
