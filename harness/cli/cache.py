"""`harness cache`: what lies in $HARNESS_HOME, and how to be rid of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from rich.table import Table

from harness.cli.consoles import output_console, say
from harness.cli.outputs import hand_over_json
from harness.errors import InputError
from harness.home import default_home
from harness.money import money
from harness.quantities import byte_size, plural
from harness.reporting.format import duration
from harness.runner.kept import forget_answers, kept, paid
from harness.runner.scratch import Scratch, free, freeable, scratch
from harness.stores.cache import LIMIT, FetchedCache


def list_kept(as_json: bool) -> int:
    """Lists what is remembered, made and paid. Returns the exit code."""
    home = default_home()
    found, ledgers, left = kept(home), paid(home), scratch(home)
    cache = FetchedCache(home)
    fetched, limit = cache.all(), cache.limit()
    if as_json:
        amounts = {
            name: [{key: str(value) for key, value in asdict(of).items()} for of in accounts]
            for name, accounts in ledgers.items()
        }
        data = {"home": str(home), "kept": [asdict(of) for of in found], "paid": amounts}
        data["scratch"] = [asdict(of) for of in left]
        data["fetched"] = {"limit": limit, "entries": [asdict(of) for of in fetched]}
        hand_over_json(data, indent=2)
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
    if fetched:
        size = byte_size(sum(of.bytes for of in fetched))
        most = f"{size} of at most {byte_size(limit)} ({LIMIT})"
        say(
            console,
            f"Of a store, and to be had there again: {plural(len(fetched), 'item')}, {most}.",
        )
        say(console, "`harness cache clean --fetched` frees what nobody is using of it.")
    if left:
        console.print(_scratch_table("Left by runs that died, or in use", left))
        say(console, "`harness cache clean` frees what nobody is at work in.")
    return 0


def _scratch_table(title: str, left: list[Scratch]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in ("", "where", "size", "idle", "in use by"):
        justify: Literal["left", "right"] = "right" if head in ("size", "idle") else "left"
        table.add_column(head, justify=justify, overflow="fold")
    home = default_home()
    for of in left:
        idle = duration(of.idle_seconds)
        table.add_row(of.kind, _place(of.path, home), byte_size(of.bytes), idle, of.holder)
    return table


def _place(path: str, home: Path) -> str:
    """Within the home, where it lies there."""
    return str(Path(path).relative_to(home)) if Path(path).is_relative_to(home) else path


def clean_scratch(days: float, checkpoints: bool, dry_run: bool, as_json: bool) -> int:
    """Frees what runs that died left behind. Returns the exit code."""
    found = scratch(default_home())
    gone = freeable(found, days, checkpoints) if dry_run else free(found, days, checkpoints)
    size, console = sum(of.bytes for of in gone), output_console()
    if as_json:
        hand_over_json({"freed": [asdict(of) for of in gone], "bytes": size, "dry_run": dry_run})
        return 0
    if gone:
        console.print(_scratch_table("Would go" if dry_run else "Freed", gone))
    left = [of for of in found if of not in gone]
    kept_back = f" {_why_left(left)}" if left else ""
    say(console, f"{'Would free' if dry_run else 'Freed'} {byte_size(size)}.{kept_back}")
    return 0


def clean_fetched(dry_run: bool, as_json: bool) -> int:
    """Frees what can be fetched from a store again, and is not in use. Returns the exit code."""
    cache = FetchedCache(default_home())
    gone = [of for of in cache.all() if not of.in_use] if dry_run else cache.evict(0)
    size, used = sum(of.bytes for of in gone), sum(of.in_use for of in cache.all())
    if as_json:
        hand_over_json({"freed": [asdict(of) for of in gone], "bytes": size, "dry_run": dry_run})
        return 0
    left = f" Left: {used} in use." if used else ""
    say(output_console(), f"{'Would free' if dry_run else 'Freed'} {byte_size(size)}.{left}")
    return 0


def _why_left(left: list[Scratch]) -> str:
    """Of what stays: how much, and which option would have it go."""
    used = sum(bool(of.holder) for of in left)
    trained = sum(of.kind == "checkpoints" and not of.holder for of in left)
    recent = len(left) - used - trained
    said = [
        f"{used} in use" if used else "",
        f"{trained} with checkpoints (--checkpoints, and --idle DAYS)" if trained else "",
        f"{recent} changed not long ago (--idle DAYS)" if recent else "",
    ]
    return f"Left: {', '.join(filter(None, said))}."


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
        hand_over_json(asdict(gone))
    else:
        freed = byte_size(gone.bytes)
        say(
            output_console(),
            f"Forgot {plural(gone.count, 'answer')}, {freed}. What they cost stays in the ledger.",
        )
    return 0
