"""How a served model's choices are told: the first way that holds, of those that the task allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.doubts import doubt_words
from harness.engines.answerer import Asked, Picked, Way
from harness.engines.endpoint.constraints import Form, constraint, find_form, picked
from harness.engines.endpoint.echoed import DoubtfulError
from harness.engines.endpoint.first_token import doubt_tops, first_of, how_many, tell
from harness.engines.endpoint.probe import AGAIN_AND_AGAIN, TEXT, Findings, put
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests, asked_of
from harness.engines.endpoint.scored import scores
from harness.engines.endpoint.spec import EndpointSpec, Scoring
from harness.errors import EndpointError

ORDER: tuple[Way, ...] = ("loglikelihood", "first_token", "constrained", "parsed")
SCORING: Mapping[Scoring, tuple[Way, ...]] = {
    "auto": ORDER,
    "echo": ("loglikelihood",),
    "first_token": ("first_token",),
    "constrained": ("constrained",),
    "parsed": ("parsed",),
}
"""The ways that a suite's word allows."""
LOOKED_AT = 4
"""Prompts of a task that are asked before a way is taken for all."""


class Choosing:
    """Finds which way holds, and tells choices by the ways that neither echo nor read."""

    def __init__(self, requests: Requests, spec: EndpointSpec, findings: Findings) -> None:
        self._requests, self._spec, self._findings = requests, spec, findings
        self._top: tuple[int, str] | None = None
        self._form: Form | None = None
        self._form_looked_for = False
        self.passed_over: dict[Way, str] = {}
        """Why ways that come first were not taken for the last task, by a word."""
        self.shared: dict[str, list[str]] = {}
        """A token that begins several choices, and those."""
        self.outside: list[str] = []
        """Choices of which none was among the likeliest tokens."""

    def way(self, prompts: Sequence[Asked], may: frozenset[Way]) -> Way:
        """The first that holds, or the one that the suite demands.

        Raises:
            EndpointError: that one does not hold, or cannot serve the task.
            FailedRequest: the server does not answer.
        """
        self.passed_over, self.shared, self.outside = {}, {}, []
        looked: dict[Way, Callable[[Sequence[Asked]], str]] = {
            "loglikelihood": self._doubt_echo,
            "first_token": self._doubt_first_token,
            "constrained": self._doubt_constrained,
            "parsed": lambda prompts: "",
        }
        step = max(1, (len(prompts) - 1) // (LOOKED_AT - 1))
        some = prompts[::step][:LOOKED_AT]
        demanded = self._spec.scoring
        wanted = SCORING[demanded]
        for way in wanted:
            doubt = looked[way](some) if way in may else "of-the-task"
            if not doubt:
                return way
            self.passed_over[way] = doubt
        if demanded == "auto":
            raise EndpointError(
                f"{self._spec.host} gives no log-probabilities that hold "
                f"({doubt_words(self.passed_over['loglikelihood'])}), and the task's answers can be told in no "
                "other way",
                "Set `answer_with: letters`, or ask another server.",
            )
        raise EndpointError(
            f"`scoring: {demanded}` is demanded of {self._spec.host} and does not hold there: "
            f"{doubt_words(self.passed_over[wanted[0]])}{self._named()}",
            "Set `scoring: auto`, which takes the first way that holds; the report says which.",
        )

    def _named(self) -> str:
        shared = [f'"{token}" begins {" and ".join(of)}' for token, of in self.shared.items()]
        outside = f"no token of {', '.join(self.outside)} is listed" if self.outside else ""
        told = "; ".join([*shared, *([outside] if outside else [])])
        return f" ({told})" if told else ""

    def _doubt_echo(self, prompts: Sequence[Asked]) -> str:
        if self._findings.unscored or not prompts:
            return self._findings.unscored
        first = prompts[0]
        try:
            found = {round(value, 6) for value in scores(self._requests, first)}
        except DoubtfulError as doubt:
            return doubt.fault
        return "chance" if len(found) == 1 < len(first.continuations) else ""

    def _doubt_first_token(self, prompts: Sequence[Asked]) -> str:
        if self._top is None:
            asked = [put(text, self._spec.api) for text in (TEXT, AGAIN_AND_AGAIN)]
            number = how_many(self._requests, asked[0])
            doubt = doubt_tops(self._requests, asked, number) if number else "no-tops"
            self._top = number, doubt
        if self._top[1]:
            return self._top[1]
        direct = 0
        for prompt in prompts:
            told = tell(prompt.continuations, first_of(self._likeliest(prompt)), self._any_case)
            direct += told.direct
            if told.place is None:
                if told.shared:
                    self.shared[told.shared] = [prompt.continuations[n] for n in told.sharing]
                    return "shared-beginning"
                self.outside = list(prompt.continuations)
                return "outside"
        begins = direct * 2 > len(prompts) or self._spec.api == "completions" or not prompts
        return "" if begins else "answers-later"

    def _doubt_constrained(self, prompts: Sequence[Asked]) -> str:
        if not self._form_looked_for:
            self._form = find_form(self._requests, put(TEXT, self._spec.api))
            self._form_looked_for = True
        return "" if self._form else "not-held-to"

    @property
    def _any_case(self) -> bool:
        return self._spec.api == "chat"

    def _likeliest(self, prompt: Asked) -> Reply:
        assert self._top is not None, "what is asked in this way was looked at before"
        return self._requests.likeliest(asked_of(prompt, self._spec.api), 1, self._top[0])

    def pick(self, prompt: Asked, way: Way) -> Picked:
        """The choice that an answer begins with, or is held to.

        Raises:
            FailedRequest, EndpointError: the server fails.
        """
        choices = prompt.continuations
        if way == "first_token":
            reply = self._likeliest(prompt)
            told = tell(choices, first_of(reply), self._any_case)
            return Picked(
                told.place, reply.text, told.logprobs, told.below, told.shared, reply.record()
            )
        assert self._form is not None, "what is asked in this way was looked for before"
        held = constraint(self._form, choices)
        reply = self._requests.constrained(asked_of(prompt, self._spec.api), held)
        return Picked(picked(self._form, reply.text, choices), reply.text, request=reply.record())

    def told(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "scoring": self._spec.scoring,
            "unscored": self.passed_over.get("loglikelihood", ""),
            "passed_over": dict(self.passed_over),
            "shared": {token: list(of) for token, of in self.shared.items()},
            "top": self._top[0] if self._top else 0,
            "constraint": self._form or "",
        }
