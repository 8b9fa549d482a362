"""A server's answer as it comes: pieces, settings, stops, and what goes wrong half-way."""

from __future__ import annotations

import pytest

from harness.engines.answerer import Completion, Piece
from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.live import LiveServer
from harness.engines.protocol import Limits, Sampling
from harness.errors import EndpointError
from harness.tasks.prompts import Prompt
from tests.engines.endpoint.standin import StandIn, standing_in

ASKED = Prompt(0, "it", "The bank", (), "", (), messages=({"role": "user", "content": "The bank"},))
DRAWN = Sampling(0.7, 0.9, 40, 1.1, seed=5)


SIX = Limits(6)


def streamed(
    server: StandIn, limits: Limits = SIX, api: str = "chat"
) -> tuple[list[str], Completion]:
    live = LiveServer(server.spec(api))
    *pieces, done = live.stream(ASKED, limits, DRAWN)
    live.close()
    assert isinstance(done, Completion)
    return [piece.text for piece in pieces if isinstance(piece, Piece)], done


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_pieces_make_up_what_a_run_is_answered(api: str) -> None:
    with standing_in() as server:
        pieces, done = streamed(server, api=api)
        ((_, run),) = EndpointAnswerer(server.spec(api)).generate([ASKED], Limits(6))
    assert (done.text, done.tokens) == (run.text, run.tokens)
    assert "".join(pieces) == done.text and len(pieces) > 2
    assert len(done.token_seconds) == done.tokens


def test_the_settings_are_sent_and_what_a_server_does_not_take_is_told() -> None:
    with standing_in(None, "rejects top_k", "rejects repetition_penalty") as server:
        live = LiveServer(server.spec("chat"))
        list(live.stream(ASKED, Limits(6), DRAWN))
        assert live.told() == {"refused": ["repetition_penalty", "top_k"]}
        sent = server.asked[-1][1]
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.7, 0.9, 5)
    assert sent["repeat_penalty"] == 1.1 and sent["max_tokens"] == 6
    assert "top_k" not in sent and server.asked[0][1]["top_k"] == 40


def test_a_stop_ends_the_answer_and_is_in_no_piece() -> None:
    with standing_in() as server:
        _, free = streamed(server)
        stop = free.text.split()[2]
        pieces, done = streamed(server, Limits(6, stops=(stop,)))
    assert done.stopped_at == stop and "".join(pieces) == done.text == free.text.split(stop)[0]


def test_whoever_asks_can_end_it() -> None:
    with standing_in() as server:
        heard: list[int] = []

        def enough(ids: object) -> bool:
            heard.append(1)
            return len(heard) == 2

        pieces, done = streamed(server, Limits(6, ended=enough))
    assert 0 < len(done.text.split()) <= 2 and "".join(pieces) == done.text


def test_an_answer_that_breaks_off_is_an_error_and_is_not_begun_again() -> None:
    with standing_in(fails=[(0, {})]) as server:
        live = LiveServer(server.spec("chat"))
        with pytest.raises(EndpointError, match="no whole answer"):
            list(live.stream(ASKED, Limits(6), DRAWN))
        assert server.texts_asked == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with standing_in() as server:
        spec = server.spec("chat", patience=0.0)
    with pytest.raises(EndpointError, match=spec.host):
        list(LiveServer(spec).stream(ASKED, Limits(6), DRAWN))
