"""How choices are told where they cannot be scored whole: by first tokens, under a constraint, or as written."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.constraints import FORMS, constraint, picked
from harness.engines.endpoint.first_token import begun_by, tell
from harness.errors import EndpointError
from harness.tasks.choosing import WAYS, WHOLE
from harness.tasks.prompts import Prompt
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.engines.endpoint.toy import LABELS, logprob

NO_ECHO = "rejects-echo"


def asked(*continuations: str, chat: bool = False, number: int = 6) -> list[Prompt]:
    return [
        Prompt(
            place,
            f"e{place}",
            f"The letter {place}",
            (),
            "",
            (),
            continuations=continuations or LABELS,
            messages=({"role": "user", "content": f"The letter {place}"},) * chat,
        )
        for place in range(number)
    ]


def answerer(server: StandIn, api: str = "completions", **more: Any) -> EndpointAnswerer:
    return EndpointAnswerer(server.spec(api, **more))


def test_of_first_tokens_the_likeliest_that_begins_one_label_alone_settles_it() -> None:
    tops = [(" The", -0.7), (" pos", -1.5), (" ne", -2.0), ("neg", -3.0), (" x", -4.0)]
    told = tell((" positive", " negative", " neutral"), tops, any_case=False)
    assert (told.place, told.shared, told.direct) == (0, "", False)
    assert told.logprobs == {0: -1.5, 1: -3.0}
    assert told.below == -4.0
    certain = tell(("yes", "no"), [("yes", math.log(0.999)), ("maybe", math.log(0.0005))], True)
    assert certain.below == pytest.approx(math.log(0.0005))
    sure = tell(("yes", "no"), [("yes", math.log(0.7)), ("so", math.log(0.2999))], True)
    assert sure.below == pytest.approx(math.log(0.0001), rel=1e-3)


def test_what_several_labels_begin_with_or_none_is_named_and_not_guessed() -> None:
    shared = tell(("negative", "neutral"), [("ne", -0.1), ("neg", -3.0)], any_case=True)
    assert (shared.place, shared.shared, shared.sharing) == (None, "ne", (0, 1))
    outside = tell(("negative", "neutral"), [("I", -0.1), ("The", -3.0)], any_case=True)
    assert (outside.place, outside.shared, outside.logprobs) == (None, "", {})
    assert tell(("a", "b"), [], any_case=True).place is None


@pytest.mark.parametrize(
    ("token", "any_case", "begun"),
    [
        (" Pos", True, [0]),
        (" Pos", False, []),
        ("positive.", True, [0]),
        ("positively", True, []),
        ("b", True, []),
        ("B", True, [1]),
        ("B)", False, [1]),
        ("Ba", False, []),
        (" ", True, []),
        ("", True, []),
    ],
)
def test_a_token_begins_a_label_or_is_the_whole_of_it(
    token: str, any_case: bool, begun: list[int]
) -> None:
    assert list(begun_by(token, (" positive", " B"), any_case)) == begun


@given(
    st.lists(st.floats(0.001, 1.0), min_size=4, max_size=12),
    st.integers(2, 12),
    st.permutations(range(4)),
)
def test_no_label_outside_of_the_listed_could_be_likelier(
    weights: list[float], number: int, order: list[int]
) -> None:
    """Against the whole distribution, which the k listed are the head of."""
    labels = ("alpha", "beta", "gamma", "delta")
    words = [labels[place] for place in order] + [f"x{place}" for place in range(4, len(weights))]
    logs = {word: math.log(of / sum(weights)) for word, of in zip(words, weights, strict=True)}
    listed = sorted(logs.items(), key=lambda one: -one[1])[:number]
    told = tell(labels, listed, any_case=False)
    for place, label in enumerate(labels):
        if place in told.logprobs:
            assert told.logprobs[place] == logs[label]
        else:
            assert logs[label] <= told.below + 1e-9 or math.exp(logs[label]) <= 1e-6
    if told.place is not None:
        assert logs[labels[told.place]] == max(logs[label] for label in labels)


@pytest.mark.parametrize(
    ("does", "api"), [(NO_ECHO, "completions"), ("no-stream", "completions"), ("answers", "chat")]
)
def test_first_tokens_give_the_model_s_own_log_probabilities(does: str, api: str) -> None:
    with standing_in(None, does) as server:
        of = answerer(server, api, scoring="first_token")
        prompts = asked(chat=api == "chat")
        assert of.way(prompts, WAYS) == "first_token"
        for place, found in of.pick(prompts, "first_token"):
            text = server.read(
                {"messages": prompts[place].messages}
                if api == "chat"
                else {"prompt": prompts[place].text}
            )
            expected = [server.value(text, label) for label in LABELS]
            assert found.place == expected.index(max(expected))
            assert [found.logprobs[n] for n in range(2)] == pytest.approx(expected)
            record = found.record(("good", "bad"))
            assert set(record["first_token"]["logprobs"]) == {"good", "bad"}
        assert of.told()["top"] == 20


@pytest.mark.parametrize(
    "does", ["no-tops", "no-distribution", "processed", "same-tops", "no-logprobs"]
)
def test_lists_that_cannot_be_a_place_s_likeliest_tokens_are_not_used(does: str) -> None:
    with standing_in(None, does, NO_ECHO) as server:
        of = answerer(server)
        assert of.way(asked(), WAYS) == "parsed"
        word = "no-tops" if does == "no-logprobs" else does
        assert of.told()["passed_over"]["first_token"] == word


def test_fewer_tokens_are_asked_for_where_a_server_lists_no_more() -> None:
    with standing_in(None, NO_ECHO, "lists 5") as server:
        of = answerer(server, scoring="first_token")
        of.way(asked(" the", " bank", " rises", " falls", " positive", " negative"), WAYS)
        assert of.told()["top"] == 5


def test_labels_that_share_their_first_token_are_named() -> None:
    with standing_in(None, NO_ECHO) as server:
        of = answerer(server)
        prompts = asked(" north, up", " north, down")
        assert of.way(prompts, WAYS) == "parsed"
        told = of.told()
        assert told["passed_over"]["first_token"] == "shared-beginning"
        assert told["shared"] == {" north,": [" north, up", " north, down"]}
        demanding = answerer(server, scoring="first_token")
        with pytest.raises(EndpointError, match=r'" north," begins  north, up and  north, down'):
            demanding.way(prompts, WAYS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_constraint_that_is_held_to_is_found_and_used(form: str, api: str) -> None:
    with standing_in(None, f"holds {form}", NO_ECHO, "no-logprobs") as server:
        of = answerer(server, api)
        prompts = asked(*(label.strip() for label in LABELS) if api == "chat" else LABELS)
        assert of.way(prompts, WAYS) == "constrained"
        assert of.told()["constraint"] == form
        found = dict(of.pick(prompts, "constrained"))
        assert sorted(found) == list(range(len(prompts)))
        for place, one in found.items():
            text = server.read(
                {"messages": [{"role": "user", "content": prompts[place].text}]}
                if api == "chat"
                else {"prompt": prompts[place].text}
            )
            expected = [logprob(text, choice) for choice in prompts[place].continuations]
            assert one.place == expected.index(max(expected))


def test_a_constraint_that_is_ignored_or_refused_is_not_believed() -> None:
    for does in ("as it should", *(f"rejects {form}" for form in FORMS)):
        with standing_in(None, does, NO_ECHO, "no-logprobs") as server:
            of = answerer(server, "chat")
            assert of.way(asked(chat=True), WAYS) == "parsed"
            tried = {form for _, body in server.asked for form in FORMS if form in body}
            assert tried == set(FORMS)


def test_labels_are_written_into_each_form_unharmed() -> None:
    label = 'say "no"\\'
    assert constraint("grammar", [label, "b"])["grammar"] == r'root ::= "say \"no\"\\" | "b"'
    assert picked("response_format", '{"answer": "b"}', [label, "b"]) == 1
    assert picked("response_format", '{"answer": ', [label, "b"]) is None
    assert picked("guided_choice", " b", [label, "b"]) == 1


@pytest.mark.parametrize("scoring", ["echo", "first_token", "constrained"])
def test_a_way_that_is_demanded_and_does_not_hold_fails_by_name(scoring: str) -> None:
    with standing_in(None, NO_ECHO, "no-logprobs") as server:
        of = answerer(server, scoring=scoring)
        with pytest.raises(EndpointError, match=f"`scoring: {scoring}` is demanded") as caught:
            of.way(asked(), WAYS)
        assert "since" not in caught.value.message and "scoring: auto" in caught.value.hint


def test_a_way_that_is_demanded_is_taken_though_a_better_one_holds() -> None:
    with standing_in() as server:
        assert answerer(server, scoring="parsed").way(asked(), WAYS) == "parsed"
        assert answerer(server, scoring="first_token").way(asked(), WAYS) == "first_token"
        assert answerer(server).way(asked(), WAYS) == "loglikelihood"


def test_texts_that_do_not_stand_in_the_prompt_are_scored_whole_or_refused() -> None:
    with standing_in(None, "shifts") as server, pytest.raises(EndpointError) as caught:
        answerer(server).way(asked(), WHOLE)
    assert "another log-probability when it is given" in caught.value.message
    assert "answer_with: letters" in caught.value.hint
