"""Answers that can be nothing but one of the choices, where the server holds to a constraint.

Four forms are in use. Servers ignore settings that they do not know, so that none is believed before the
model was made to write what it would not have written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.requests import Requests

Form = Literal["structured_outputs", "guided_choice", "grammar", "response_format"]
UNLIKELY = (("violet umbrellas", "quartz"), ("marmalade", "seventeen zebras"))
"""What no model writes by itself behind the probe's text."""
OVERHEAD_TOKENS = 24
"""For what stands around a choice in JSON, and for tokens of less than a byte."""


def _grammar(choices: Sequence[str]) -> dict[str, Any]:
    """In llama.cpp's GBNF, whose texts are escaped as in JSON."""
    told = " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    return {"grammar": f"root ::= {told}"}


def _json_schema(choices: Sequence[str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(choices)}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    named = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


FORMS: Mapping[Form, Callable[[Sequence[str]], dict[str, Any]]] = {
    "structured_outputs": lambda choices: {"structured_outputs": {"choice": list(choices)}},
    "guided_choice": lambda choices: {"guided_choice": list(choices)},
    "grammar": _grammar,
    "response_format": _json_schema,
}
"""By name: vLLM's since 0.11, and before; llama-server's and llama_cpp.server's; OpenAI's."""


def constraint(form: Form, choices: Sequence[str]) -> dict[str, Any]:
    """What a request says besides, with as many tokens as the longest choice may take."""
    longest = max(len(choice.encode()) for choice in choices)
    return {**FORMS[form](choices), "max_tokens": longest + OVERHEAD_TOKENS}


def picked(form: Form, text: str, choices: Sequence[str]) -> int | None:
    """The place of the choice that was written; None where it is none."""
    if form == "response_format":
        try:
            text = str(json.loads(text)["answer"])
        except (ValueError, KeyError, TypeError):
            return None
    told = [choice.strip() for choice in choices]
    return told.index(text.strip()) if text.strip() in told else None


def find_form(requests: Requests, asked: Mapping[str, Any]) -> Form | None:
    """The form that a server holds to; None where it holds to none.

    Raises:
        FailedRequest, EndpointError: it does not answer.
    """
    return next((form for form in FORMS if _holds(requests, asked, form)), None)


def _holds(requests: Requests, asked: Mapping[str, Any], form: Form) -> bool:
    before = " " if "prompt" in asked else ""
    for unlikely in UNLIKELY:
        choices = [before + choice for choice in unlikely]
        try:
            reply = requests.constrained(asked, constraint(form, choices))
        except FailedRequest as refused:
            if refused.status in (400, 404, 422, 500, 501):
                return False
            raise
        if picked(form, reply.text, choices) is None:
            return False
    return True
