"""Failures between here and a server: asked again where that may help, never for ever, and named."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.failures import FailedRequest, retry_after, words
from harness.engines.endpoint.identity import api_of, identify
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
from harness.engines.protocol import Limits
from harness.errors import EndpointError
from tests.engines.endpoint.certificates import own_certificate
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.engines.endpoint.test_conformance import prompts

ASKED = {"prompt": "The bank"}


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now, self.waits = 0.0, list[float]()
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds

    def clock(self) -> float:
        return self.now


def asking(spec: EndpointSpec) -> tuple[Requests, Time]:
    time = Time()
    return Requests(Transport(spec, time.sleep, time.clock)), time


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks() -> None:
    with standing_in(fails=[(429, {"Retry-After": "60"}), (503, {})]) as server:
        requests, time = asking(server.spec(retries=0, patience=90.0))
        assert requests.write(ASKED, 2).new_tokens == 2
        assert time.waits[0] == 60 and 0.5 <= time.waits[1] <= 1
        assert requests.transport.retries == 2


def test_a_server_that_is_busy_for_longer_than_the_patience_ends_the_cell() -> None:
    with standing_in(fails=[(429, {"Retry-After": "60"})] * 3) as server:
        requests, time = asking(server.spec(patience=90.0))
        with pytest.raises(
            EndpointError, match=r"HTTP 429: not now .*wait for 60 seconds"
        ) as caught:
            requests.write(ASKED, 2)
        assert time.waits == [60] and "patience" in caught.value.hint
        with pytest.raises(EndpointError, match="Nothing more is asked"):
            requests.write(ASKED, 2)


def test_waits_grow_twofold_with_jitter() -> None:
    with standing_in(fails=[(500, {})] * 4) as server:
        requests, time = asking(server.spec(retries=4, patience=1000.0))
        requests.write(ASKED, 2)
        for place, wait in enumerate(time.waits):
            assert 0.25 * 2**place <= wait <= 0.5 * 2**place
        assert len(set(time.waits)) == 4


@pytest.mark.parametrize("does", ["as it streams", "no-stream"])
def test_half_an_answer_is_asked_for_again(does: str) -> None:
    with standing_in(None, does, fails=[(0, {})] * 2) as server:
        requests, _ = asking(server.spec(retries=2))
        assert requests.write(ASKED, 3).new_tokens == 3
        assert server.texts_asked == 3
    with standing_in(None, does, fails=[(0, {})] * 2) as server:
        requests, _ = asking(server.spec(retries=1))
        with pytest.raises(EndpointError, match=r"no whole answer.*2 attempts"):
            requests.write(ASKED, 3)


def test_a_server_that_hangs_is_given_up() -> None:
    with standing_in(None, "hangs") as server:
        requests, _ = asking(server.spec(timeout=0.05, retries=1))
        with pytest.raises(EndpointError, match="did not answer in time") as caught:
            requests.write(ASKED, 3)
        assert "timeout" in caught.value.hint
        with pytest.raises(EndpointError, match="did not answer in time"):
            EndpointAnswerer(server.spec(timeout=0.05))
        assert server.looks <= 1


def test_nobody_there_is_said_after_three_tries() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    spec = EndpointSpec(f"http://127.0.0.1:{port}/v1", "toy", patience=3600.0)
    requests, time = asking(spec)
    with pytest.raises(EndpointError, match=r"cannot be reached.*3 attempts"):
        requests.write(ASKED, 2)
    assert sum(time.waits) < 2
    with pytest.raises(EndpointError, match="cannot be reached"):
        EndpointAnswerer(spec)


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (401, "HTTP 401", "`key`"),
        (404, "HTTP 404", "`url`"),
        (302, "HTTP 302", "http://else.where"),
    ],
)
def test_what_asking_again_would_not_mend_is_asked_once(status: int, said: str, hint: str) -> None:
    with standing_in(fails=[(status, {"Location": "http://else.where"})]) as server:
        requests, _ = asking(server.spec())
        with pytest.raises(FailedRequest, match=said) as caught:
            requests.write(ASKED, 2)
        assert hint in caught.value.hint and server.texts_asked == 1


def test_a_certificate_that_nobody_trusts_is_a_clear_failure(tmp_path: Path) -> None:
    certificate, context = own_certificate(tmp_path)
    with standing_in(StandIn(tls=context)) as server:
        requests, _ = asking(server.spec())
        with pytest.raises(FailedRequest, match=r"certificate of .* is not trusted") as caught:
            requests.write(ASKED, 2)
        assert caught.value.kind == "lasting" and "`authorities`" in caught.value.hint
        assert server.texts_asked == 0
        trusting = server.spec(authorities=certificate.read_text())
        assert asking(trusting)[0].write(ASKED, 2).new_tokens == 2
    with standing_in() as server:
        spec = server.spec()
        plain = EndpointSpec(spec.url.replace("http:", "https:"), "toy")
        with pytest.raises(FailedRequest, match="speaks no TLS"):
            asking(plain)[0].write(ASKED, 2)


def test_what_was_answered_before_a_server_died_is_given_on_first() -> None:
    asked = prompts(chat=True) * 4
    with standing_in() as server:
        answerer = EndpointAnswerer(server.spec("chat", retries=0, concurrency=1))
        server.after = server.texts_asked + 2 + 7
        found = []
        with pytest.raises(EndpointError, match="HTTP 500"):
            for place, _ in answerer.generate(asked, Limits(2)):
                found.append(place)
        assert found == list(range(7))


def test_a_wait_is_read_from_a_number_or_a_date() -> None:
    assert (retry_after("7.5"), retry_after(""), retry_after("soon"), retry_after("-3")) == (
        (7.5, 0.0, 0.0, 0.0)
    )
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < retry_after(format_datetime(later, usegmt=True)) <= 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"error": {"message": "no such model"}}', "no such model"),
        ('{"error": "busy"}', "busy"),
        ('{"detail": [{"loc": ["seed"]}]}', '[{"loc": ["seed"]}]'),
        ("<html>\n bad gateway</html>", "<html> bad gateway</html>"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_what_a_server_says_of_an_error_is_shown_in_a_line(text: str, said: str) -> None:
    assert words(text) == said


def test_what_a_server_says_of_itself_is_the_same_each_time(tmp_path: Path) -> None:
    with standing_in() as server, standing_in(None, "no-chat") as older:
        first, again = (identify(Transport(server.spec())) for _ in range(2))
        assert first.says == again.says and first.serves("toy") and not first.serves("other")
        assert "created" not in first.facts
        of: list[Any] = [api_of(Transport(one.spec())) for one in (server, older)]
        assert of == ["chat", "completions"]


def test_a_key_is_sent_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-planted-7f3a")
    with standing_in(None, "repeats-key") as server:
        requests, _ = asking(server.spec(key="TOY_KEY"))
        with pytest.raises(FailedRequest) as caught:
            requests.write(ASKED, 2)
        assert server.keys == ["Bearer sk-planted-7f3a"]
        assert "planted" not in f"{caught.value.message} {caught.value.hint}"
        assert "TOY_KEY" in caught.value.hint and "planted" not in repr(
            vars(requests.transport.spec)
        )


@pytest.mark.parametrize("value", ["", "two\nlines", "ключ"])
def test_a_key_that_is_not_there_or_none_is_named_by_its_variable(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KEY", value)
    with pytest.raises(EndpointError, match="TOY_KEY") as caught:
        Transport(EndpointSpec("http://127.0.0.1:1/v1", "toy", key="TOY_KEY"))
    assert not value or value not in caught.value.message
