"""Who gets an answer of the page: names, origins, tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from harness.chat.page.guard import COOKIE, POLICY, Guard
from harness.chat.page.serving import place_at
from harness.errors import InputError

TOKEN = "c2VjcmV0"


async def page(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-security-policy", b"default-src *")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"the page"})


class Answered:
    def __init__(self, messages: Sequence[Any]) -> None:
        start = messages[0]
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message["body"] for message in messages[1:]).decode()


def asked(
    guard: Guard, path: str = "/", query: str = "", host: str = "127.0.0.1:7860", **headers: str
) -> Answered:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    named = {"host": host, **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    asyncio.run(guard(scope, receive, send))
    return Answered(sent)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "localhost"])
def test_this_machine_is_answered_and_told_to_load_nothing_from_elsewhere(host: str) -> None:
    answered = asked(Guard(page), host=host)
    assert (answered.status, answered.body) == (200, "the page")
    assert answered.headers["content-security-policy"] == POLICY
    assert "http" not in POLICY and "*" not in POLICY


@pytest.mark.parametrize("host", ["evil.example:7860", "127.0.0.1.evil.example", "", "192.168.0.9"])
def test_a_name_that_is_not_this_machines_is_refused(host: str) -> None:
    answered = asked(Guard(page), host=host)
    assert answered.status == 403 and "page" not in answered.body.split(":")[1]


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_sites_request_is_refused_with_or_without_a_token(token: str, origin: str) -> None:
    guard = Guard(page, token)
    cookie = f"{COOKIE}={TOKEN}"
    assert asked(guard, origin=origin, cookie=cookie).status == 403
    assert asked(guard, origin="http://127.0.0.1:7860", cookie=cookie).status == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/gradio_api/proxy=http://x", "/monitoring"]
)
def test_parts_of_gradio_that_the_page_does_not_use_are_shut(path: str) -> None:
    assert asked(Guard(page), path).status == 404


@pytest.mark.parametrize(
    ("query", "cookie"),
    [("", ""), ("token=", ""), ("token=wrong", ""), (f"token={TOKEN}x", ""), ("", f"{COOKIE}=wrong"),
     ("", f"other={TOKEN}"), ("token=%FF%FE", ""), ("", "=;;{}bad"), ("Token=" + TOKEN, "")],
)  # fmt: skip
def test_without_the_token_nothing_is_given(query: str, cookie: str) -> None:
    for path in ("/", "/gradio_api/info", "/config", "/assets/index.js"):
        answered = asked(Guard(page, TOKEN), path, query, cookie=cookie)
        assert answered.status == 401 and TOKEN not in answered.body


def test_the_token_is_offered_once_and_kept_out_of_the_address() -> None:
    guard = Guard(page, TOKEN)
    first = asked(guard, query=f"token={TOKEN}", host="box:7860")
    assert (first.status, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert asked(guard, cookie=cookie.split(";")[0], host="box:7860").body == "the page"


def test_nobody_is_led_to_another_site_by_the_token() -> None:
    answered = asked(Guard(page, TOKEN), "//evil.example/", f"token={TOKEN}")
    assert answered.headers["location"] == "/evil.example/"


def test_a_token_is_wanted_wherever_a_host_is_named_and_each_time_another() -> None:
    places = [place_at("127.0.0.1", None), place_at("127.0.0.1", None), place_at(None, None)]
    try:
        tokens = [place.token for place in places]
        assert tokens[0] != tokens[1] and all(len(token) >= 32 for token in tokens[:2])
        assert tokens[2] == "" and places[0].url.endswith(f"/?token={tokens[0]}")
        assert len({place.port for place in places}) == 3
        assert places[2].url == f"http://127.0.0.1:{places[2].port}/"
        with pytest.raises(InputError, match=f":{places[2].port}"):
            place_at(None, places[2].port)
    finally:
        for place in places:
            place.listening.close()


def test_an_address_of_another_machine_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"203\.0\.113\.1") as caught:
        place_at("203.0.113.1", None)
    assert caught.value.hint
