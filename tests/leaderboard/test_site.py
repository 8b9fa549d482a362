"""The files of a site: whole, the same for the same results, and safe against what strangers wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from harness.cli.leaderboard import write_leaderboard
from harness.errors import HarnessWarning
from harness.leaderboard.board import Board, build
from harness.leaderboard.collect import collect
from harness.leaderboard.pages.figures import shown
from harness.leaderboard.ranking import hold_pairs
from harness.leaderboard.site import site
from harness.reporting.format import moment
from harness.reporting.html import policy
from harness.reporting.timings import doubts_at
from harness.results.store import ResultsStore
from harness.sealed import SEAL, write_sealed
from tests.leaderboard.made import DIALOGUE, SENTIMENT, Run, coins, named
from tests.leaderboard.strangers import formulas, write_hostile
from tests.reporting.fixture import quickstart

MODELS = {name: {"source": f"org/{name}"} for name in ("a", "b", "c")}
TASKS = {"sentiment": SENTIMENT, "dialogue": DIALOGUE}


def runs(root: Path) -> list[Path]:
    """Two runs, of which the second asked fewer examples."""
    first = {**named(0.8, "a", "b", "c"), **named(0.4, "a", "b", task="dialogue")}
    second = {("c", "sentiment"): coins(0.9, 50)}
    return [
        Run(first, MODELS, TASKS, created="2026-11-01T10:00:00+00:00").write(root / "one"),
        Run(second, MODELS, created="2026-11-05T10:00:00+00:00", name="short").write(root / "two"),
    ]


def board_of(*folders: Path) -> Board:
    return build(collect(folders).results)


def own_page(said: str) -> str:
    """A page with a policy as reports have it."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy("", "")}">\n</head><p>{said}</p>'
    )


class Links(HTMLParser):
    """Every link, id, and attribute that would run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.running: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on") or name == "style":
                self.running.append(f"{tag} {name}")


@pytest.mark.parametrize("hostile", [False, True])
def test_every_link_leads_to_a_file_of_the_site(hostile: bool, tmp_path: Path) -> None:
    folders = [write_hostile(tmp_path / "results")] if hostile else runs(tmp_path)
    files = site(board_of(*folders))
    pages = {place: Links(text) for place, text in files.items() if place.endswith(".html")}
    assert len(pages) > 5
    for place, page in pages.items():
        assert not page.running and len(page.ids) == len(set(page.ids)), place
        for link in page.links:
            target, _, anchor = link.partition("#")
            there = place
            if target:
                there = str((Path("/") / Path(place).parent / target).resolve())[1:]
            assert there in files, (place, link)
            assert not anchor or anchor in pages[there].ids, (place, link)


def test_neither_order_nor_another_time_changes_a_byte(tmp_path: Path) -> None:
    one, two = runs(tmp_path)
    assert site(board_of(one, two)) == site(board_of(two / "summary.json", tmp_path, one))


def test_names_of_pages_are_plain_and_tell_models_apart(tmp_path: Path) -> None:
    files = site(board_of(write_hostile(tmp_path / "results")))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9./-]*", place) for place in files)
    assert sum(place.startswith("models/") for place in files) >= 7


def test_what_a_stranger_wrote_is_text_alone(tmp_path: Path) -> None:
    files = site(board_of(write_hostile(tmp_path / "results")))
    for place, text in files.items():
        if place.endswith(".html"):
            assert "<img" not in text and not Links(text).running, place
            assert text.count("</script>") == text.count("<script")


def test_every_page_allows_only_its_own_style_and_script(tmp_path: Path) -> None:
    files = site(board_of(*runs(tmp_path)))
    for place, text in files.items():
        if place.endswith(".html"):
            told = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
            assert told is not None and "default-src &#39;none&#39;" in told.group(1), place
            assert "unsafe" not in told.group(1) and "http" not in told.group(1)


def test_formulas_are_no_formulas_in_the_table(tmp_path: Path) -> None:
    text = site(board_of(formulas(tmp_path / "results")))["leaderboard.csv"]
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 7
    for row in rows[1:]:
        assert not any(field.lstrip().startswith(("=", "+", "-", "@")) for field in row), row


def test_table_and_json_say_what_the_rankings_do(tmp_path: Path) -> None:
    board = board_of(*runs(tmp_path))
    files = site(board)
    data = json.loads(files["leaderboard.json"])
    rows = list(csv.DictReader(io.StringIO(files["leaderboard.csv"])))
    for of, told in zip(board.groups, data["groups"], strict=True):
        assert told["ranks"] == of.ranking.ranks
        for identity, rank in of.ranking.ranks.items():
            (row,) = [r for r in rows if (r["group"], r["identity"]) == (told["id"], identity)]
            (value,) = [
                f["value"] for f in told["figures"] if f["identity"] == identity and f["in_table"]
            ]
            assert int(row["rank"]) == rank
            assert float(row["value"]) == value["value"]
    assert [group["asked"]["examples"][:3] for group in data["groups"]] == ["200", "200", "50 "]


def test_the_report_of_a_run_is_taken_along_and_no_other(tmp_path: Path) -> None:
    one, two = runs(tmp_path / "results")
    board = board_of(one, two)
    reports = tmp_path / "reports"
    for name, created in (("made", board.results[0].summary.created), ("short", "2020-01-01")):
        (reports / name).mkdir(parents=True)
        (reports / name / "index.html").write_text(own_page(f"report of {moment(created)}"))
    files = site(board, reports)
    (taken,) = [place for place in files if place.startswith("reports/")]
    assert "<p>report of 2026-11-01" in files[taken]
    assert files["index.html"].count(taken) >= 2
    (reports / "short" / "index.html").unlink()
    (reports / "short" / "index.html").symlink_to(reports / "made" / "index.html")
    assert site(board, reports) == files


def test_a_report_that_could_load_something_is_not_taken_along(tmp_path: Path) -> None:
    board = board_of(runs(tmp_path / "results")[0])
    page = tmp_path / "reports" / "made" / "index.html"
    page.parent.mkdir(parents=True)
    closed = own_page(f"report of {moment(board.results[0].summary.created)}")
    open_policy = re.sub(r'(Content-Security-Policy" content=)"[^"]+"', r'\1"script-src *"', closed)
    for text, taken in (
        (closed, 1),
        (open_policy, 0),
        (closed.replace("<head>", "<head><script src=https://evil.test/x.js></script>"), 0),
        (closed.split("<p>")[1], 0),
    ):
        page.write_text(text)
        found = site(board, tmp_path / "reports")
        assert sum(place.startswith("reports/") for place in found) == taken, text


def test_a_suite_whose_name_is_a_path_reaches_no_report(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("secret 2026-11-20 12:00 UTC")
    run = Run(named(0.5, "a"), MODELS).write(tmp_path / "results")
    text = (run / "summary.json").read_text().replace('"name": "made"', '"name": "../"', 1)
    write_sealed(run / "summary.json", {k: of for k, of in json.loads(text).items() if k != SEAL})
    (tmp_path / "reports").mkdir()
    assert not [of for of in site(board_of(run), tmp_path / "reports") if of.startswith("reports")]


def test_the_history_of_a_model_says_what_changed(tmp_path: Path) -> None:
    lower = coins(0.8, 300).copy()
    lower[:40] = 0.0
    models = {"base": {"source": "starter"}, "a": {"from": "base", "gguf": "F16"}}
    old = Run({("a", "sentiment"): lower}, models, created="2026-11-01")
    new = Run({("a", "sentiment"): coins(0.8, 300)}, models, keys={"a": "remade"})
    files = site(board_of(old.write(tmp_path / "old"), new.write(tmp_path / "new")))
    (page,) = [text for place, text in files.items() if place.startswith("models/a-")]
    assert "better (p &lt; 0.001); its files were made anew" in page
    assert '<svg class="history"' in page


def test_the_command_writes_once_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, out = runs(tmp_path / "results"), tmp_path / "site"
    assert write_leaderboard(folders, out, tmp_path / "reports", False, False) == 0
    assert "3 models of 2 runs, in 3 groups" in capsys.readouterr().out
    assert write_leaderboard(folders[::-1], out, tmp_path / "reports", False, False) == 0
    assert "nothing has changed" in capsys.readouterr().out
    assert write_leaderboard(folders, out, tmp_path / "reports", False, True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["models"], told["changed"], told["removed"]) == (3, [], [])


def test_a_doubt_about_a_timing_stands_at_its_figure(tmp_path: Path) -> None:
    summary = quickstart()
    ResultsStore(tmp_path / "results").write_summary(summary)
    board = board_of(tmp_path / "results")
    (speed,) = [of for of in board.groups if of.group.of_type.timed]
    found = {board.models[of].name: one.doubt for of, one in shown(speed).items()}
    told = {name: doubts_at(summary, name, "speed", "decode_tokens_per_second") for name in found}
    assert any(told.values())
    assert found == {name: f"⚠ {', '.join(words)}" if words else "" for name, words in told.items()}


def test_the_page_says_that_a_summary_was_edited(tmp_path: Path) -> None:
    folder = runs(tmp_path)[0]
    assert "Doubted:" not in site(board_of(folder))["index.html"]
    edited = (folder / "summary.json").read_text().replace('"name": "made"', '"name": "other"', 1)
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "summary.json").write_text(edited)
    with pytest.warns(HarnessWarning, match="summary.json"):
        board = board_of(folder)
    text = site(board)["index.html"]
    assert "<b>Doubted:</b> its summary was changed after it was written" in text


def test_models_none_of_which_has_a_figure_are_not_held_against_each_other() -> None:
    hold_pairs([], np.zeros(0), 0.95)
