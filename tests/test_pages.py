"""Every page of the package allows only what it holds itself, and one that comes anew is found without being named here."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, Template, nodes

from harness.assignment.writing import Page
from harness.chat.page.guard import HEADERS
from harness.leaderboard.site import site
from harness.publish.boards import pages, space
from harness.publish.cleaned import Machine
from harness.reporting.html import is_closed
from harness.reporting.write import write_report
from tests.assignment.made import report
from tests.leaderboard.test_site import board_of, runs
from tests.reporting.fixture import quickstart

PACKAGE = Path(__file__).parents[1] / "harness"
OPENING = re.compile(r"<html[\s>]|<!doctype\s+html|text/html", re.IGNORECASE)
META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
LOADING = re.compile(r"<(?:script|style|link|img|iframe|object|base)\b")
HASH = r"'sha256-[A-Za-z0-9+/]{43}='"
OWN = re.compile(rf"'none'|data:|{HASH}")
SERVED = re.compile(r"'none'|'self'|'unsafe-inline'|'unsafe-eval'|data:|blob:")
"""What a page from this machine may use; nothing of it is another machine's."""
SERVERS = {"http.server", "socketserver", "aiohttp.web", "flask", "wsgiref.simple_server"}


def page_templates() -> set[Path]:
    """Templates that make whole pages: those with `<html`, or in their stead those that extend them."""
    texts = {
        file: file.read_text(encoding="utf-8")
        for file in PACKAGE.rglob("*")
        if file.name.endswith((".j2", ".html", ".htm", ".jinja"))
    }
    found = {file for file, text in texts.items() if OPENING.search(text)}
    bases: set[Path] = set()
    for file, text in texts.items():
        for extends in Environment().parse(text).find_all(nodes.Extends):
            assert isinstance(extends.template, nodes.Const)
            bases.add(file.parent / extends.template.value)
            found.add(file)
    assert bases <= found
    return found - bases


def told(policy: str) -> Mapping[str, list[str]]:
    """A policy's sources, by directive."""
    parts = [part.split() for part in html.unescape(policy).split(";")]
    return {name: sources for name, *sources in parts}


def unclosed(text: str) -> str:
    """What is wrong with a page's policy; "" if nothing."""
    found = META.search(text)
    if found is None:
        return "has no policy"
    before = LOADING.search(text[: found.start()])
    if before:
        return f"uses {before[0]} before its policy"
    directives = told(found[1])
    if directives.get("default-src") != ["'none'"]:
        return f"allows by default {directives.get('default-src')}"
    wrong = [one for of in directives.values() for one in of if not OWN.fullmatch(one)]
    missing = {"base-uri", "form-action"} - {*directives}  # those that no default covers
    return f"allows {wrong}, leaves out {missing}" if wrong or missing else ""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[set[Path], dict[str, str]]]:
    """The templates of which everything that writes pages made some, and the pages by name."""
    folder, used = tmp_path_factory.mktemp("pages"), set[Path]()
    render = Template.render

    def watched(self: Template, *given: Any, **named: Any) -> str:
        if self.filename:
            used.add(Path(self.filename).resolve())
        return render(self, *given, **named)

    summary = quickstart()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", watched)
        files = {f"report: {one.name}": one.read_text() for one in write_report(summary, folder)}
        board = board_of(*runs(folder))
        nobody = Machine("/home/nobody-here", (), None)
        files |= {f"leaderboard: {place}": text for place, text in site(board).items()}
        for published in (space(board.results, nobody), pages(board.results, nobody)):
            files |= {
                f"{published.kind}: {place}": data.decode()
                for place, data in published.files.items()
            }
        files["assignment: page.html"] = Page(report(summary, "assignment-1", {}), folder).html()
    yield used, {name: text for name, text in files.items() if name.endswith(".html")}


def test_each_page_allows_only_what_it_holds(made: tuple[set[Path], dict[str, str]]) -> None:
    assert len(made[1]) > 15
    assert {name: said for name, text in made[1].items() if (said := unclosed(text))} == {}
    assert all(is_closed(text) for text in made[1].values())


def test_each_template_of_a_page_was_tried(made: tuple[set[Path], dict[str, str]]) -> None:
    found = page_templates()
    assert len(found) >= 5
    assert found - made[0] == set(), "no page of these was made above: make one there"


def test_no_page_is_written_but_from_a_template() -> None:
    others = [
        (str(file.relative_to(PACKAGE)), OPENING.search(text))
        for file in sorted(PACKAGE.rglob("*"))
        if file.suffix in (".py", ".js", ".md", ".yaml", ".svg")
        and OPENING.search(text := file.read_text(encoding="utf-8"))
    ]
    assert others == []


def test_whatever_serves_pages_stands_behind_the_guard() -> None:
    policy = told(dict(HEADERS)[b"content-security-policy"].decode())
    assert policy["default-src"] == ["'self'"] and policy["object-src"] == ["'none'"]
    assert all(SERVED.fullmatch(one) for of in policy.values() for one in of)
    served = 0
    words = re.compile(r"\.launch\b|uvicorn|start_server|" + "|".join(map(re.escape, SERVERS)))
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if words.search(text) else ():
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & SERVERS, f"{file}: serve with harness/chat/page/serving.py"
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            assert not called.endswith((".launch", "uvicorn.run", "start_server")), file
            if called.endswith("uvicorn.Config"):
                assert ast.unparse(node.args[0]).startswith("Guard("), file
                served += 1
    assert served == 1


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "default-src 'none'",
        "default-src *; base-uri 'none'; form-action 'none'",
        "default-src 'none'; script-src https://evil.test; base-uri 'none'; form-action 'none'",
        "default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        "default-src 'none'; img-src data: http:; base-uri 'none'; form-action 'none'",
    ],
)
def test_a_page_that_allows_more_is_found(policy: str) -> None:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    text = f'<!doctype html>\n<html lang="en">\n<head>\n{meta}\n<title>a</title>'
    assert unclosed(text) and not is_closed(text)


def test_a_policy_that_comes_late_is_none(made: tuple[set[Path], dict[str, str]]) -> None:
    text = made[1]["report: index.html"]
    for element in (
        "<script>1</script>",
        "<link rel=stylesheet href=https://evil.test>",
        "<p>a</p>",
    ):
        assert not is_closed(text.replace("<meta", f"{element}<meta", 1))
