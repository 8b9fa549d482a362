"""The suite for answerers, run against a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.tasks.prompts import Prompt
from tests.engines.answering import AnswererCase, AnswererConformance
from tests.engines.endpoint.standin import standing_in

NOUNS = ("profit", "sale of ships", "bank", "price of the plant", "letter")
CHOICES = (" rises", " falls", " goes up and down")


def prompts(chat: bool) -> list[Prompt]:
    return [
        Prompt(
            place,
            noun,
            f"The {noun}",
            (),
            "",
            (),
            choices=tuple(tuple(choice.encode()) for choice in CHOICES),
            continuations=CHOICES,
            messages=({"role": "user", "content": f"The {noun}"},) if chat else (),
        )
        for place, noun in enumerate(NOUNS)
    ]


class TestEndpoints(AnswererConformance):
    @pytest.fixture(scope="class", params=["completions", "chat", "no-usage"])
    def case(self, request: pytest.FixtureRequest) -> Iterator[AnswererCase]:
        chat = request.param == "chat"
        with standing_in(None, request.param) as server:
            answerer = EndpointAnswerer(server.spec("chat" if chat else "completions"))
            yield AnswererCase(answerer, prompts(chat))
            answerer.close()
