"""`harness gate` and `harness baseline save`, as a user and as CI meet them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.records import Partial
from harness.results.store import ResultsStore
from harness.sealed import SEAL, write_sealed
from tests.cli.test_commands import run
from tests.results.made import write_results
from tests.results.test_gating import DROP, GOOD, MUCH_WORSE, REGRESSION


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def test_gates_that_hold_are_shown_and_exit_with_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_results(tmp_path / "ladder", {"f16": GOOD, "q4": GOOD}, [DROP])
    code, out, _ = run("gate", folder, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "The one gate was met" in out


def test_a_gate_that_does_not_hold_exits_with_three_and_tells_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_results(tmp_path / "ladder", {"f16": GOOD, "q4": MUCH_WORSE}, [DROP])
    page = tmp_path / "step.md"
    page.write_text("what another step wrote\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    files = {"--junit": tmp_path / "out" / "junit.xml", "--markdown": tmp_path / "out" / "pr.md"}
    words = [word for pair in files.items() for word in pair]
    code, out, _ = run("gate", folder, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 3
    assert "::error title=Gate not met%3A q4::" in out
    assert ElementTree.parse(files["--junit"]).find(".//failure") is not None
    text = files["--markdown"].read_text()
    assert "not met" in text
    assert page.read_text() == f"what another step wrote\n{text}"


def test_a_saved_baseline_is_named_and_held_against(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_results(Path("results/ladder"), {"f16": GOOD, "q4": GOOD}, [REGRESSION])
    words = ("baseline", "save", "results/ladder", "main")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "harness gate results/ladder --baseline main" in out
    write_results(Path("results/ladder"), {"f16": GOOD, "q4": MUCH_WORSE}, [REGRESSION])
    asked = ("gate", "results/ladder", "--baseline", "main", "--json")
    code, out, _ = run(*asked, monkeypatch=monkeypatch, capsys=capsys)
    data = json.loads(out)
    assert code == data["exit_code"] == 3 and data["baseline"] == "main"
    told = (*asked[:-1], "--markdown", "pr.md", "--link", "https://ci.example.org/1")
    run(*told, monkeypatch=monkeypatch, capsys=capsys)
    text = Path("pr.md").read_text(encoding="utf-8")
    broke = sum(was and not is_now for was, is_now in zip(GOOD, MUCH_WORSE, strict=True))
    assert f"{broke} answers that broke" in text and text.count("**Prompt**") <= 5
    assert f"| {broke} / 0 (n = 600) |" in re.sub(" +", " ", text)
    assert "[Full report](<https://ci.example.org/1>)" in text
    assert "Reproduce: `harness gate results/ladder --baseline main`" in text
    (verdict,) = data["gates"]
    assert (verdict["candidate"], verdict["baseline"]) == ("q4", "q4 (baseline main)")
    assert verdict["high"] < -0.03


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gate", "nowhere"), "there is no summary here"),
        (("gate", "results/ladder", "--baseline", "none"), "there is no baseline none"),
        (("gate", "results/bare"), "the suite sets no gates"),
        (("baseline", "save", "results/ladder", "a/b"), "cannot be the name of a baseline"),
    ],
)
def test_wrong_input_is_answered_with_one_message(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_results(Path("results/ladder"), {"f16": GOOD, "q4": GOOD}, [DROP])
    write_results(Path("results/bare"), {"f16": GOOD}, [])
    code, out, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and out == ""
    assert message in err and "Traceback" not in err


def test_results_of_another_version_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_results(tmp_path / "ladder", {"f16": GOOD, "q4": GOOD}, [DROP])
    data = json.loads((folder / "summary.json").read_text())
    del data["suite"]["spec"], data[SEAL]
    write_sealed(folder / "summary.json", data)
    code, _, err = run("gate", folder, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "run the suite again" in err


def make_partial(folder: Path, partial: Partial) -> None:
    """Has a summary say that something is missing."""
    store = ResultsStore(folder)
    summary = store.summary()
    assert summary is not None
    store.write_summary(summary.model_copy(update={"partial": partial}))


def test_gate_baseline_and_compare_say_what_is_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def said(*words: object) -> str:
        code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 0
        return out

    folder = write_results(Path("results/ladder"), {"f16": GOOD, "q4": GOOD}, [DROP])
    for words in (("gate", folder), ("compare", folder, "f16", "q4")):
        assert "artial" not in said(*words)
    partial = Partial(limit=600, missing=[("q8", "sentiment")], gates=1)
    make_partial(folder, partial)
    out = said("gate", folder)
    assert "Partial: --limit 600 asked at most 600 examples a task" in out
    assert "Partial: 1 of 3 cells have not been asked (q8)." in out
    assert "The one gate was met. 1 gate waits for cells that have not been asked." in out
    assert json.loads(said("gate", folder, "--json"))["partial"] == partial.model_dump(mode="json")
    note = (
        "results/ladder is partial: at most 600 examples a task were asked (--limit 600); "
        "1 of 3 cells have not been asked."
    )
    assert note in said("baseline", "save", folder, "main")
    assert note in said("compare", folder, "f16", "q4")
    both = said("compare", folder, "--baseline", "main")
    assert note in both and note.replace("results/ladder", "baselines/main") in both
    found = said("baseline", "save", folder, "main", "--replace", "--json")
    assert json.loads(found)["notes"] == [note]


def test_report_prints_the_comment_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_results(Path("results/ladder"), {"f16": GOOD, "q4": MUCH_WORSE}, [DROP])
    words = ("report", folder, "--markdown")
    code, out, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, err) == (0, "") and not Path("reports").exists()
    assert out.startswith("# ❌ The one gate fails: q4, accuracy on sentiment\n")
    assert out.endswith("\nReproduce: `harness gate results/ladder`\n")
    run("report", folder, monkeypatch=monkeypatch, capsys=capsys)
    _, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert "Full report: `reports/ladder/index.html` · Reproduce" in out
