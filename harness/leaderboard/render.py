"""Pages from templates: escaped, with one style and at most one script, which a policy names by hash."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.reporting.html import policy


def render(template: str, context: dict[str, Any], script: str = "") -> str:
    """A page.

    Args:
        template: its file among the templates.
        context: what stands in it.
        script: the file of its script; "" for none.
    """
    style, code = _text("site.css"), _text(script) if script else ""
    return (
        _environment()
        .get_template(template)
        .render(
            **context,
            style=Markup(style),
            script=Markup(code),
            policy=policy(style, code),
        )
    )


@cache
def _text(name: str) -> str:
    file = files("harness.leaderboard") / "templates" / name
    return "\n" + file.read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("harness.leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
