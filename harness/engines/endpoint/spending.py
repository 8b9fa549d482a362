"""A spending limit that is never passed: what a request may cost at most is set aside before it is sent.

What is assumed of providers: an answer that is refused with an HTTP status, and a connection that was
never made, are not billed; a request that was sent and whose answer broke off, or did not come in time, is
billed at the most that it can cost; so is one whose tokens the server does not tell. A retry is a request
like any other.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.ledger import Ledger, OverError
from harness.engines.endpoint.replies import Reply
from harness.errors import SpendingLimitError
from harness.money import Prices, Tokens, money

MESSAGE_TOKENS = 16
"""At most so many tokens a template puts around a message."""
TEMPLATE_TOKENS = 256
"""At most so many tokens a template puts before and behind all messages."""


@dataclass(frozen=True)
class Purse:
    """What a served model costs, and how much may be spent on it.

    Attributes:
        prices: per million tokens.
        model: as the suite names it.
        ledger: the file, which all that ask models of the suite share.
        limits: by model, in the prices' currency; that of the whole suite under "".
    """

    prices: Prices
    model: str
    ledger: Path
    limits: Mapping[str, Decimal] = field(default_factory=dict)


def most_tokens(body: Mapping[str, Any]) -> Tokens:
    """The most tokens that a request can be billed by: no token is shorter than a byte of UTF-8.

    Raises:
        KeyError: the request does not say where its answer ends.
    """
    new = body["max_completion_tokens"] if "max_completion_tokens" in body else body["max_tokens"]
    read = sum(len(text.encode()) + MESSAGE_TOKENS for text in texts_of(body))
    rest = {key: value for key, value in body.items() if key not in ("messages", "prompt")}
    read += len(json.dumps(rest).encode())  # a schema that answers are held to is read, too
    return Tokens(read + TEMPLATE_TOKENS, int(new))


def texts_of(body: Mapping[str, Any]) -> list[str]:
    """The texts that a request has the model read."""
    if "messages" in body:
        return [_text(message.get("content")) for message in body["messages"]]
    return [_text(body["prompt"])]


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def billed(failed: FailedRequest) -> bool:
    """Whether a request that came to nothing may be billed: it was sent, and was not refused."""
    return failed.kind == "broken" and not failed.status


class Bill:
    """One request's."""

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.free = False
        """Whether it was not sent, or refused."""

    def came(self, answer: Any) -> None:
        """Its answer, whatever was asked."""
        self.reply = answer if isinstance(answer, Reply) else None


class Spending:
    """The account of one served model; may be used by several threads."""

    def __init__(self, purse: Purse) -> None:
        self._purse, self._ledger = purse, Ledger(purse.ledger)
        self._changed = threading.Condition()
        self._flying = 0
        self._unforeseen = 0
        """Tokens by which the server read more of a request than could be foreseen."""

    @contextmanager
    def billing(self, body: Mapping[str, Any]) -> Iterator[Bill]:
        """Sets aside the most that a request may cost while it is on its way.

        Raises:
            SpendingLimitError: a limit leaves less, and nothing is on its way that would leave more.
        """
        most = most_tokens(body) + Tokens(self._unforeseen)
        number = self._reserve(self._purse.prices.most(most))
        bill, paid, counts = Bill(), None, True
        try:
            yield bill
            paid = self._cost(bill.reply, most)
        except FailedRequest as failed:
            if not billed(failed):
                paid, counts = Decimal(0), False
            raise
        finally:
            with self._changed:
                self._ledger.settle(number, paid, counts)
                self._flying -= 1
                self._changed.notify_all()

    @contextmanager
    def together(self, bodies: Sequence[Mapping[str, Any]]) -> Iterator[list[Bill]]:
        """Sets aside the most that several requests may cost before any of them is sent.

        Raises:
            SpendingLimitError: a limit leaves less.
        """
        of, opened = self._purse, list[tuple[int, Tokens]]()
        for body in bodies:
            most = most_tokens(body) + Tokens(self._unforeseen)
            cost = of.prices.most(most)
            try:
                number = self._ledger.reserve(of.model, of.prices.currency, cost, of.limits)
            except OverError as over:
                for number, _ in opened:
                    self._ledger.settle(number, Decimal(0), False)
                raise self._stopped(over, cost * (len(bodies) - len(opened))) from None
            opened.append((number, most))
        bills = [Bill() for _ in bodies]
        try:
            yield bills
        finally:
            for (number, most), bill in zip(opened, bills, strict=True):
                paid = Decimal(0) if bill.free else self._cost(bill.reply, most)
                self._ledger.settle(number, paid, not bill.free)

    def _cost(self, reply: Reply | None, most: Tokens) -> Decimal | None:
        """What an answer cost; None where the server does not tell its tokens."""
        tokens = reply.billed if reply is not None else None
        if tokens is None:
            return None
        with self._changed:
            self._unforeseen += max(0, tokens.input - most.input)
        return self._purse.prices.of(tokens)

    def _reserve(self, most: Decimal) -> int:
        of = self._purse
        with self._changed:
            while True:
                try:
                    number = self._ledger.reserve(of.model, of.prices.currency, most, of.limits)
                except OverError as over:
                    if not self._flying:
                        raise self._stopped(over, most) from None
                    self._changed.wait()
                    continue
                self._flying += 1
                return number

    def _stopped(self, over: OverError, most: Decimal) -> SpendingLimitError:
        currency = self._purse.prices.currency
        whose = f"of `{over.whose}`" if over.whose else "of the suite"
        return SpendingLimitError(
            f"The spending limit {whose} is {money(over.limit, currency)}, of which "
            f"{money(over.spent, currency)} are spent or may be; the next request may cost "
            f"{money(most, currency)}, and was not sent",
            "What was answered is kept. Raise `limit` under `spending`, and `harness run` goes on "
            "from here.",
        )

    def close(self) -> None:
        """Closes the ledger."""
        self._ledger.close()
