"""What servers do wrong is found before anything is believed."""

from __future__ import annotations

import pytest

from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.probe import Findings
from harness.engines.protocol import Limits
from harness.errors import EndpointError, PromptTooLongError
from harness.tasks.choosing import WAYS
from harness.tasks.prompts import Prompt
from tests.engines.endpoint.standin import standing_in
from tests.engines.endpoint.test_conformance import prompts
from tests.engines.endpoint.toy import logprob


def found(*does: str, api: str = "completions") -> Findings:
    with standing_in(None, *does) as server:
        answerer = EndpointAnswerer(server.spec(api))
        answerer.close()
        return answerer.findings


def test_log_probabilities_that_hold_are_used_and_are_those_of_the_model() -> None:
    with standing_in() as server:
        answerer = EndpointAnswerer(server.spec())
        assert answerer.findings == Findings("", True, True, True, False)
        asked = prompts(chat=False)
        assert answerer.way(asked, WAYS) == "loglikelihood"
        for place, scores in answerer.choose(asked):
            before, scored = asked[place].text, list(scores)
            assert scored[0] == pytest.approx(logprob(before, " rises"))
            assert scored[2] == pytest.approx(
                sum(
                    logprob(before + " goes up and down"[:start], word)
                    for start, word in [(0, " goes"), (5, " up"), (8, " and"), (12, " down")]
                )
            )
        answerer.close()


@pytest.mark.parametrize(
    ("does", "unscored"),
    [
        ("ignores-echo", "echo-ignored"),
        ("rejects-echo", "echo-refused"),
        ("no-logprobs", "no-logprobs"),
        ("shifts", "disagrees"),
        ("stale", "not-repeatable"),
        ("stale-blocks", "stale"),
        ("merges", "boundary"),
        ("chance", "chance"),
        ("wraps", "wrapped"),
    ],
)
def test_log_probabilities_that_do_not_hold_are_not_used(does: str, unscored: str) -> None:
    assert found(does).unscored == unscored


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_temperature_0_that_is_not_greedy_is_seen(api: str) -> None:
    assert (found(api=api).repeats, found(api=api).greedy) == (True, True)
    sampling = found("samples", api=api)
    assert (sampling.repeats, sampling.greedy) == (False, False)
    assert found("samples-by-seed", "no-logprobs", api=api).repeats is False


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_repetition_is_not_punished_where_the_server_can_be_told(api: str) -> None:
    assert found("penalizes", api=api).greedy is True
    assert found("penalizes", "rejects repeat_penalty", api=api).greedy is False


def test_a_chat_gives_no_log_probabilities_of_given_answers() -> None:
    assert found(api="chat").unscored == "chat-api"


def test_a_server_that_does_not_count_says_nothing_of_templates() -> None:
    findings = found("no-usage")
    assert (findings.counts_prompts, findings.wrapped) == (False, None)


@pytest.mark.parametrize("chat", [False, True])
def test_a_prompt_that_is_cut_in_silence_is_refused(chat: bool) -> None:
    text = "word " * 60
    long = Prompt(0, "long", text, (), "", (), messages=({"role": "user", "content": text},) * chat)
    api = "chat" if chat else "completions"
    with standing_in() as server:
        whole = EndpointAnswerer(server.spec(api))
        assert len(list(whole.generate([long], Limits(2)))) == 1
    with standing_in(None, "cuts") as server:
        answerer = EndpointAnswerer(server.spec(api))
        with pytest.raises(PromptTooLongError, match=r'"long".* counts 40 tokens'):
            list(answerer.generate([long], Limits(2)))
        short = prompts(chat)
        assert len(list(answerer.generate(short, Limits(2)))) == len(short)


def test_a_model_that_is_not_the_one_that_was_named_is_refused() -> None:
    with (
        standing_in(model="other") as server,
        pytest.raises(EndpointError, match="does not serve `toy`") as caught,
    ):
        EndpointAnswerer(server.spec())
    assert "`other`" in caught.value.hint
    with (
        standing_in(None, "answers-as-another") as server,
        pytest.raises(EndpointError, match="asked for `toy`, and `another` answers"),
    ):
        EndpointAnswerer(server.spec())


@pytest.mark.parametrize("setting", ["seed", "temperature", "stream_options", "max_tokens"])
def test_a_setting_that_is_refused_is_left_out_and_said(setting: str) -> None:
    with standing_in(None, f"rejects {setting}") as server:
        answerer = EndpointAnswerer(server.spec("chat"))
        done = dict(answerer.generate(prompts(chat=True), Limits(3)))
        assert answerer.told()["refused"] == [setting]
        assert {completion.tokens for completion in done.values()} == {3}


def test_choices_that_the_server_cuts_otherwise_than_the_probe_are_written() -> None:
    with standing_in() as server:
        answerer = EndpointAnswerer(server.spec())
        inside = Prompt(0, "odd", "The bank ri", (), "", (), continuations=("ses", "ver"))
        assert answerer.way([inside], WAYS) == "parsed"
        over = {"loglikelihood": "boundary", "first_token": "outside", "constrained": "not-held-to"}
        assert answerer.told()["passed_over"] == over
        with pytest.raises(EndpointError, match=r'"odd": a token lies across the end'):
            list(answerer.choose([inside]))
