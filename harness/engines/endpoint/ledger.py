"""What was paid, on disk: one ledger for all workers, processes and runs of a suite.

Before a request is sent, the most that it may cost is written down; when its answer has come, what it did
cost takes its place. What a process that was killed had sent stays written down at the most, so that
nothing is ever counted too low; where the power is cut, too, since a request is sent only after what it
may cost is safe on disk. SQLite does the rest: its transactions are whole or not there, and wait
for each other between processes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from harness.money import amount_of, parts_of

BUSY_SECONDS = 60.0
"""How long a transaction waits for that of another process."""
_TABLES = """
CREATE TABLE IF NOT EXISTS spent (
    model TEXT NOT NULL, currency TEXT NOT NULL, paid INTEGER NOT NULL, unsure INTEGER NOT NULL,
    requests INTEGER NOT NULL, PRIMARY KEY (model, currency));
CREATE TABLE IF NOT EXISTS open (
    id INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, currency TEXT NOT NULL,
    most INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Account:
    """What one model has cost.

    Attributes:
        model: as the suite names it.
        currency: of the amounts.
        paid: for requests that have ended.
        unsure: the part of it that stands for requests whose tokens nobody told: the most that they cost.
        open: the most that requests may cost whose end is not known: they are in flight, or whoever
            sent them was killed.
        requests: that have ended, and were billed or may have been.
        unknown: requests whose end is not known.
    """

    model: str
    currency: str
    paid: Decimal
    unsure: Decimal
    open: Decimal
    requests: int
    unknown: int


class OverError(Exception):
    """A request may cost more than a limit leaves.

    Args:
        whose: the limit: "" for the suite's, else the model's name.
        limit: itself.
        spent: paid, and perhaps to be paid for what is open.
    """

    def __init__(self, whose: str, limit: Decimal, spent: Decimal) -> None:
        super().__init__(whose)
        self.whose, self.limit, self.spent = whose, limit, spent


class Ledger:
    """A ledger on disk; may be used by several threads, and by several processes."""

    def __init__(self, file: Path) -> None:
        """Opens it, and makes it where there is none."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(
            file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._base.execute("PRAGMA journal_mode(WAL)")
        with self._writing():
            for statement in _TABLES.split(";"):
                self._base.execute(statement)

    def reserve(
        self, model: str, currency: str, most: Decimal, limits: Mapping[str, Decimal]
    ) -> int:
        """Writes down what a request may cost, where no limit would be passed by it.

        Args:
            model: that is asked.
            currency: of all amounts here.
            most: that it may cost.
            limits: by model; that of the suite under "".

        Returns:
            Its number.

        Raises:
            OverError: a limit leaves less.
        """
        with self._writing(durable=True):
            for whose, limit in limits.items():
                spent = self._spent(whose, currency)
                if spent + most > limit:
                    raise OverError(whose, limit, spent)
            found = self._base.execute(
                "INSERT INTO open (model, currency, most) VALUES (?, ?, ?)",
                (model, currency, parts_of(most)),
            )
            assert found.lastrowid is not None
            return found.lastrowid

    def settle(self, number: int, paid: Decimal | None, billed: bool = True) -> None:
        """Writes down how a request ended.

        Args:
            number: of `reserve`.
            paid: what it cost; None where nobody told, so that the most that it may have cost counts.
            billed: whether it counts among the requests.
        """
        with self._writing():
            model, currency, most = self._base.execute(
                "SELECT model, currency, most FROM open WHERE id = ?", (number,)
            ).fetchone()
            self._base.execute("DELETE FROM open WHERE id = ?", (number,))
            counted = most if paid is None else parts_of(paid)
            row = (model, currency, counted, most if paid is None else 0, int(billed))
            self._base.execute(
                "INSERT INTO spent (model, currency, paid, unsure, requests) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (model, currency) DO UPDATE SET paid = paid + excluded.paid, "
                "unsure = unsure + excluded.unsure, requests = requests + excluded.requests",
                row,
            )

    def accounts(self) -> list[Account]:
        """What each model has cost, in each currency."""
        with self._lock:
            rows = self._base.execute(
                "SELECT model, currency, SUM(paid), SUM(unsure), SUM(most), SUM(requests), SUM(unknown) "
                "FROM (SELECT model, currency, paid, unsure, 0 AS most, requests, 0 AS unknown FROM spent "
                "UNION ALL SELECT model, currency, 0, 0, most, 0, 1 FROM open) GROUP BY model, currency"
            ).fetchall()
        return [
            Account(
                model,
                currency,
                amount_of(paid),
                amount_of(unsure),
                amount_of(most),
                requests,
                unknown,
            )
            for model, currency, paid, unsure, most, requests, unknown in rows
        ]

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def _spent(self, whose: str, currency: str) -> Decimal:
        """What counts against a limit: all that was paid, and all that is open."""
        found = 0
        for column, table in (("paid", "spent"), ("most", "open")):
            of = f"SELECT COALESCE(SUM({column}), 0) FROM {table} WHERE currency = ? AND ? IN ('', model)"
            found += self._base.execute(of, (currency, whose)).fetchone()[0]
        return amount_of(found)

    @contextmanager
    def _writing(self, durable: bool = False) -> Iterator[None]:
        """A transaction; a durable one outlives a power cut, too, with all before it."""
        with self._lock:
            self._base.execute(f"PRAGMA synchronous({'FULL' if durable else 'NORMAL'})")
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")


def accounts_in(file: Path) -> list[Account]:
    """What a ledger says; nothing where there is none."""
    if not file.is_file():
        return []
    ledger = Ledger(file)
    try:
        return ledger.accounts()
    finally:
        ledger.close()
