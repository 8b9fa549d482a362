"""No text of anybody runs, loads, breaks out of its place or steers a terminal: every text field of every record."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from harness import cli
from harness.cli.export import export_results
from harness.files import FORMULA
from harness.publish.model_card import model_card
from harness.records import Sample, Summary
from harness.reporting.comment import Place, comment
from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.results.store import ResultsStore, read_summary
from tests.reporting.every_variant import VARIANTS
from tests.reporting.hardened import (
    CLOSED_KEYS,
    NASTY,
    formula,
    hardened,
    nasty,
    plainly_named,
    text_fields,
    texts,
)
from tests.reporting.in_browser import CHROMIUM, chromium

CHOSEN = ("quickstart", "failures", "texts", "votes", "partial")
QUICK = ("quickstart", "failures")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in CHOSEN if name not in QUICK]
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
ALLOWED = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "code",
    "pre", "strong", "em", "a", "img", "details", "summary", "br", "hr", "blockquote", "sub", "sup", "picture", "source",
}  # fmt: skip


def write_hard(folder: Path, name: str = "quickstart") -> Path:
    """Results whose every text is hostile, but the names that paths are made of; answers beside them."""
    plain = VARIANTS[name]()
    summary = hardened(plain, plainly_named(nasty, plain))
    store = ResultsStore(folder)
    for cell in summary.cells:
        if cell.status == "ok":
            of = {"key": cell.samples_key, "target": NASTY, "answer": NASTY, "scores": {}}
            rows = [Sample(**of, index=at, id=f"{at}{NASTY}", prompt=NASTY) for at in range(2)]
            store.cell(cell.model, cell.task).start(rows)
    for task in summary.tasks:
        store.keep_texts(task, {"0": "<svg onload=alert(1)>"})
    store.write_summary(summary)
    return folder


def test_every_text_field_of_every_record_is_among_the_hostile_ones() -> None:
    found = {
        name
        for variant in CHOSEN
        for name, text in texts(hardened(VARIANTS[variant]()))
        if "<svg onload=alert(1)>" in text
    }
    assert text_fields() - CLOSED_KEYS <= found
    assert len(found) > 100


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module", params=[*QUICK, *SLOW])
def hard(request: pytest.FixtureRequest) -> Summary:
    return hardened(VARIANTS[request.param]())


def look(browser: Any, file: Path) -> None:
    """Opens a page and everything in it; nothing runs, loads or carries a script of its own."""
    page, asked, wrong = browser.new_page(), [], []

    def alerted(dialog: Any) -> None:
        wrong.append(dialog.message)
        dialog.dismiss()

    def requested(route: Any) -> None:
        asked.append(route.request.url)
        route.continue_()

    page.on("dialog", alerted)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.route("**/*", requested)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.wait_for_load_state("networkidle")
    found = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap(one => [...one.attributes].filter(of =>
            of.name.startsWith('on') || of.name === 'srcdoc'
            || /^(javascript|http:..evil)/i.test(of.value.trim()) && ['href', 'src', 'action'].includes(of.name)
        ).map(of => `${one.tagName} ${of.name}=${of.value}`))"""
    )
    kinds = page.evaluate(
        "() => ['iframe', 'object', 'embed', 'base', 'form', 'link'].filter(one => document.querySelector(one))"
    )
    policies = page.locator("meta[http-equiv=Content-Security-Policy]").count()
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    page.close()
    assert (asked, wrong, found, kinds) == ([file.as_uri()], [], [], [])
    assert policies == 1 and "default-src 'none'" in policy and "unsafe" not in policy


def test_nothing_of_it_runs_in_a_report(hard: Summary, browser: Any, tmp_path: Path) -> None:
    look(browser, write_report(hard, tmp_path)[1])


def test_nothing_of_it_runs_in_a_report_with_answers(browser: Any, tmp_path: Path) -> None:
    folder = write_hard(tmp_path / "results")
    summary = read_summary(folder)
    answered = read_answered(folder, summary, tmp_path)
    assert answered.cells
    look(browser, write_report(summary, tmp_path / "out", answered, "all")[1])


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            leads = name in ("href", "src", "srcset") and re.match(
                r"\s*(javascript|data|http://evil)", value or "", re.I
            )
            styled = name == "style" and not re.fullmatch(r"text-align:\w+", value or "")
            if leads or styled or name.startswith("on") or name == "srcdoc":
                self.wrong.append(f"{tag} {name}={value}")
        if tag not in ALLOWED:
            self.wrong.append(tag)


def live(markdown: str) -> list[str]:
    """What a CommonMark renderer that lets HTML through would show alive."""
    seen = Seen()
    seen.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
    seen.close()
    return seen.wrong


def test_the_renderer_shows_what_is_not_escaped() -> None:
    assert {"svg", "svg onload=alert(1)", "img onerror=alert(1)"} <= set(live(NASTY))


def test_nothing_of_it_lives_in_markdown(hard: Summary, tmp_path: Path) -> None:
    report = write_report(hard, tmp_path)[0].read_text()
    card = model_card(hard, next(iter(hard.models))).files["README.md"].decode()
    head, _, body = card.removeprefix("---\n").partition("\n---\n")
    said = [report, comment(hard, Place("report.html", "harness gate x")), body]
    assert [live(one) for one in said] == [[], [], []]
    assert not STEERING.search("".join(said)) and "\x1b" not in head


COMMANDS = [
    "report results/quickstart", "report results/quickstart --markdown", "report results/quickstart --json",
    "report results/quickstart --template assignment-2", "view results/quickstart --no-open",
    "gate results/quickstart", "gate results/quickstart --json", "compare results/quickstart base lora --all",
    "compare results/quickstart base lora --json", "compare results/quickstart results/quickstart",
    "show results/quickstart base sentiment", "baseline save results/quickstart main",
    "export results/quickstart --to csv --samples", "export results/quickstart --to jsonl --samples",
    "leaderboard results --out site", "publish results/quickstart --to o/n --as model-card --model base --dry-run",
    "publish results/quickstart --to o/n --as dataset --dry-run", "cache list", "data list", "run results/nasty.yaml",
    "plan results/nasty.yaml", "data check results/nasty.yaml", "models export results/nasty.yaml base",
    "report results/nasty", "compare results/quickstart nasty lora",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with hostile results, a hostile suite, and a summary that is none."""
    folder = tmp_path_factory.mktemp("strangers")
    write_hard(folder / "results" / "quickstart")
    shown = NASTY.replace("'", "''").replace("\n", "\\n")
    (folder / "results" / "nasty.yaml").write_text(
        f"name: x\nmodels: {{'base{shown}': {{source: starter}}}}\ntasks: {{a: {{type: speed}}}}\n"
    )
    (folder / "results" / "nasty").mkdir()
    (folder / "results" / "nasty" / "summary.json").write_text(f'{{"schema": "{shown}"}}')
    return folder


@pytest.mark.parametrize("colours", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_sends_a_strangers_control_sequence_to_the_terminal(
    command: str,
    colours: bool,
    hostile_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(hostile_folder)
    monkeypatch.setenv("HARNESS_HOME", str(hostile_folder / "home"))
    monkeypatch.setenv(*(("FORCE_COLOR", "1") if colours else ("NO_COLOR", "1")))
    words = [
        word.replace("nasty", nasty("x")) if word == "nasty" else word for word in command.split()
    ]
    monkeypatch.setattr(sys, "argv", ["harness", *words])
    with pytest.raises(SystemExit):
        cli.main()
    told = "".join(capsys.readouterr())
    ours = re.sub("\x1b\\[[0-9;]*m", "", told) if colours else told
    assert told and not STEERING.search(ours.replace("\x1b[?25h", "").replace("\x1b[?25l", ""))
    assert "Traceback" not in told


def test_no_field_of_a_table_that_is_written_begins_as_a_formula(tmp_path: Path) -> None:
    plain = VARIANTS["quickstart"]()
    store = ResultsStore(tmp_path / "results")
    summary = hardened(plain, plainly_named(formula, plain))
    store.write_summary(summary)
    for cell in summary.cells:
        row = {"key": cell.samples_key, "target": "=1", "answer": "@SUM(A1)", "prompt": "\t=1"}
        store.cell(cell.model, cell.task).start([Sample(**row, index=0, id="-1+1", scores={})])
    export_results(tmp_path / "results", "csv", tmp_path / "out", True, "=cmd", False)
    files = list((tmp_path / "out").rglob("*.csv"))
    fields = [
        field
        for file in files
        for row in csv.reader(io.StringIO(file.read_text()))
        for field in row
    ]
    number = re.compile(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?|-inf")
    bad = [field for field in fields if field.startswith(FORMULA) and not number.fullmatch(field)]
    assert files and len(fields) > 1000 and "HYPERLINK" in "".join(fields) and not bad
