"""Names of files that hold whatever a stranger called a model: a readable beginning, and a hash."""

from __future__ import annotations

import hashlib
import re
import shlex
import unicodedata
from functools import lru_cache

from harness.leaderboard.board import Model, Ranked
from harness.leaderboard.collect import Result
from harness.leaderboard.models import Made
from harness.reporting.format import clean

LONGEST = 40
HASH = 8


def is_plain(name: str) -> bool:
    """Whether a name can be that of a folder, and of nothing outside of it."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name) is not None


@lru_cache(maxsize=16_384)
def slug(text: str, told: str) -> str:
    """A name of a file: letters, digits and hyphens of a text, and the hash of what tells it apart."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
    digest = hashlib.sha256(told.encode()).hexdigest()[:HASH]
    return f"{words}-{digest}" if words else digest


def model_page(model: Model) -> str:
    """Where a model's page is, from the site's root: the same whatever it is called later on."""
    first = model.made[0]
    return f"models/{slug(first.name, model.identity)}.html"


def task_page(page: list[Ranked] | tuple[Ranked, ...]) -> str:
    """Where the page of a task is."""
    kind, data, metric = page[0].group.family
    return f"tasks/{slug(f'{data} {kind} {metric}', repr((kind, data, metric)))}.html"


def suite_file(result: Result) -> str:
    """Where the suite stands that made these results; "" where they do not hold it."""
    text = result.summary.suite.get("text")
    if not isinstance(text, str) or not text:
        return ""
    return f"suites/{slug(result.suite, text)}.yaml"


def report_file(result: Result) -> str:
    """Where the report of these results stands."""
    return f"reports/{slug(result.suite, result.digest)}.html"


def command(made: Made) -> str:
    """What makes this model and its figures, with the suite's file beside it."""
    file = suite_file(made.result) or str(made.result.summary.suite.get("file") or "SUITE")
    limit = made.result.summary.limit
    words = ["harness", "run", clean(file), "--only", f"{clean(made.name)}/*"]
    return shlex.join([*words, *(["--limit", str(limit)] if limit is not None else [])])
