"""Every number and text that the page holds of an answer is that of a line of `samples.jsonl`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.results.store import read_summary
from tests.reporting.browser.made import PROMPT, rows_of, write_made
from tests.reporting.browser.unpacked import columns_of, index_of


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "made"
    write_made(folder, put_in=" <&\u202e'\"")
    return folder


@pytest.fixture(scope="module")
def page(results: Path) -> Path:
    return written(results, results.parent / "report")


def written(results: Path, out: Path, **how: Any) -> Path:
    summary = read_summary(results)
    return write_report(summary, out, read_answered(results, summary, results), **how)[1]


def text(columns: dict[str, Any], place: int) -> str | None:
    return columns["strings"][place] if place >= 0 else None


def test_every_answer_of_every_model_is_there_word_for_word(results: Path, page: Path) -> None:
    found = columns_of(page)
    assert set(found) == {"t-classify", "t-summarize", "t-divergence", "t-write"}
    for task, columns in found.items():
        for model in ("base", "tuned", "small"):
            rows, cell = rows_of(results, model, task), columns["cells"][model]
            assert columns["ids"] == list(rows)
            for at, row in enumerate(rows.values()):
                for name, told in (
                    ("answer", row["answer"]),
                    ("written", row["data"].get("text")),
                    ("thought", row["data"].get("thought")),
                    ("stopped", row["data"].get("stopped_at")),
                ):
                    assert text(columns, cell[name][at] if name in cell else -1) == told
                assert text(columns, columns["target"][at]) == row["target"]
                if task == "t-summarize":
                    assert cell["tokens"][at] == row["data"]["tokens"]


def test_every_score_is_that_of_its_line_with_the_digits_that_are_shown(
    results: Path, page: Path
) -> None:
    summary, checked = read_summary(results), 0
    for task, columns in columns_of(page).items():
        for model, cell in columns["cells"].items():
            rows = list(rows_of(results, model, task).values())
            for name, decimals in columns["metrics"].items():
                factor = summary.tasks[task].metric(name).factor
                for row, given in zip(rows, cell["scores"][name], strict=True):
                    true = row["scores"].get(name, of_document(name, row["data"]))
                    assert f"{given:.{decimals}f}" == f"{factor * true:.{decimals}f}"
                    checked += 1
            if "exact" in cell:
                of = "rougeL" if task == "t-summarize" else "kl_mean"
                exact = [r["scores"].get(of, of_document(of, r["data"])) for r in rows]
                assert cell["exact"] == exact
    assert checked > 1000


def of_document(name: str, data: dict[str, Any]) -> float:
    """What a figure of a divergence is for one document, from its definition."""
    if "kl" not in data:
        return math.nan
    match name:
        case "kl_mean":
            return float(sum(data["kl"]) / len(data["kl"]))
        case "same_top1":
            return float(data["same_top1"] / data["tokens"])
        case _:
            return math.exp(data["nll"] / data["tokens"])


def test_a_choices_probability_is_its_share_among_the_choices(results: Path, page: Path) -> None:
    columns = columns_of(page)["t-classify"]
    for model, cell in columns["cells"].items():
        for at, row in enumerate(rows_of(results, model, "t-classify").values()):
            logprobs = row["data"].get("logprobs")
            if logprobs is None:
                assert cell["shares"][at] is None
                continue
            names = [columns["strings"][p] for p in cell["choice_sets"][cell["choices"][at]]]
            assert names == list(logprobs)
            whole = math.fsum(map(math.exp, logprobs.values()))
            for name, share in zip(names, cell["shares"][at], strict=True):
                assert f"{share:.3f}" == f"{math.exp(logprobs[name]) / whole:.3f}"


def test_prompts_are_exact_and_kept_once(results: Path, page: Path) -> None:
    for columns in columns_of(page).values():
        (prompts,) = columns["sets"].values()
        assert prompts["mode"] == "chat"
        for at, (before, behind) in enumerate(prompts["parts"]):
            parts = [text(columns, p) for p in (before, columns["text"][at], behind)]
            assert "".join(map(str, parts)).startswith(PROMPT[0])
            assert (parts[0], parts[2]) == PROMPT


def test_without_prompts_or_texts_the_page_says_what_it_lacks(tmp_path: Path) -> None:
    write_made(tmp_path / "old", prompts=False)
    for file in (tmp_path / "old" / "texts").iterdir():
        file.unlink()
    columns = columns_of(written(tmp_path / "old", tmp_path / "report"))["t-classify"]
    assert columns["sets"] == {} and set(columns["text"]) == {-1}


def test_only_changed_answers_are_those_in_which_a_candidate_is_unlike_its_baseline(
    results: Path, tmp_path: Path
) -> None:
    page = written(results, tmp_path, samples="changed")
    base, *others = (rows_of(results, m, "t-classify") for m in ("base", "tuned", "small"))
    said = {id: (row["answer"], row["data"].get("text")) for id, row in base.items()}
    unlike = [
        id
        for id in base
        if any((of[id]["answer"], of[id]["data"].get("text")) != said[id] for of in others)
    ]
    assert 0 < len(unlike) < len(base)
    assert columns_of(page)["t-classify"]["ids"] == unlike
    task = index_of(page)["tasks"][0]
    assert (task["here"], task["of"]) == (len(unlike), 30)
    assert f"holds {len(unlike)} of 30 examples" in page.read_text()


def test_no_samples_are_no_samples_anywhere_on_the_page(results: Path, tmp_path: Path) -> None:
    page = written(results, tmp_path, samples="none")
    assert index_of(page)["tasks"] == [] and columns_of(page) == {}
    assert "Sales rose by a third." in written(results, tmp_path / "all").read_text()
    assert page.read_text().count("is left out: asked for by --samples none.") == 4
    for file in (page, tmp_path / "report.md"):
        assert "Sales rose by a third." not in file.read_text()


def test_the_page_is_the_same_for_the_same_results(results: Path, tmp_path: Path) -> None:
    pages = [written(results, tmp_path / name).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_whom_data_is_owed_to_is_said_and_of_an_unknown_licence_only_what_changed_is_quoted(
    tmp_path: Path,
) -> None:
    write_made(tmp_path / "nd", licence="CC BY-NC-ND 4.0")
    text = written(tmp_path / "nd", tmp_path / "report").read_text()
    assert "licence CC BY-NC-ND 4.0. N. Obody: Data that nobody collected, 2026." in text
    assert "--samples all" not in text
    write_made(tmp_path / "unknown", licence="")
    page = written(tmp_path / "unknown", tmp_path / "other")
    assert "Licence: not known. `--samples all` puts in all of them." in page.read_text()
    (first, *_) = index_of(page)["tasks"]
    assert 0 < first["here"] < first["of"] == 30
    assert all(
        task["here"] == task["of"]
        for task in index_of(written(tmp_path / "unknown", tmp_path / "all", samples="all"))[
            "tasks"
        ]
    )
