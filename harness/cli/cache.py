"""`harness cache`: what lies in $HARNESS_HOME, and how to be rid of it."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.table import Table

from harness.cli.consoles import output_console, say
from harness.errors import InputError
from harness.home import default_home
from harness.money import money
from harness.quantities import byte_size, plural
from harness.runner.kept import forget_answers, kept, paid


def list_kept(as_json: bool) -> int:
    """Lists what is remembered, made and paid. Returns the exit code."""
    home = default_home()
    found, ledgers = kept(home), paid(home)
    if as_json:
        amounts = {
            name: [{key: str(value) for key, value in asdict(of).items()} for of in accounts]
            for name, accounts in ledgers.items()
        }
        data = {"home": str(home), "kept": [asdict(of) for of in found], "paid": amounts}
        print(json.dumps(data, indent=2))
        return 0
    console = output_console()
    table = Table(title=f"What lies in {home}", title_justify="left")
    for head in ("", "of", "how many", "size", "given"):
        table.add_column(head, justify="right" if head in ("how many", "size") else "left")
    for of in found:
        given = " to ".join(dict.fromkeys(moment[:10] for moment in (of.since, of.until) if moment))
        table.add_row(of.kind, of.name, f"{of.count:,}", byte_size(of.bytes), given)
    console.print(table)
    for name, accounts in ledgers.items():
        shown = [f"{of.model} {money(of.paid + of.open, of.currency)}" for of in accounts]
        say(console, f"Paid for {name}: {', '.join(shown) or 'nothing'}.")
    return 0


def clean(answers: str, as_json: bool) -> int:
    """Forgets answers; what was paid stays known, since limits count it. Returns the exit code.

    Raises:
        InputError: none fits.
    """
    home = default_home()
    gone = forget_answers(home, answers)
    if not gone.count:
        names = [of.name for of in kept(home) if of.kind == "answers"]
        hint = f"There are: {', '.join(names)}" if names else "None are remembered."
        raise InputError(f"--answers {answers}: no remembered answer fits", hint)
    if as_json:
        print(json.dumps(asdict(gone)))
    else:
        freed = byte_size(gone.bytes)
        say(
            output_console(),
            f"Forgot {plural(gone.count, 'answer')}, {freed}. What they cost stays in the ledger.",
        )
    return 0
