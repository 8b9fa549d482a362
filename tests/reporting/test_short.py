"""`report.md`: short, the answer first, and readable where Markdown is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.reporting.markdown import markdown
from harness.reporting.short import PAGE, short_document
from harness.reporting.write import write_report
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.test_documents import rendered

MOST_LINES = 150


def short(variant: str) -> str:
    return markdown(short_document(VARIANTS[variant]()))


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"hostile"}))
def test_it_is_short(variant: str) -> None:
    assert short(variant).count("\n") <= MOST_LINES


def test_it_opens_with_the_card_and_one_table() -> None:
    text = short("quickstart")
    assert text.index("\n> **") < text.index("\n| Model") < text.index("![")
    before_folds = text.split("<details>")[0]
    assert before_folds.count("\n|:--") == 1
    assert all(model in before_folds for model in quickstart().models)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_renders_as_it_is_meant(variant: str) -> None:
    text = short(variant)
    page = rendered(text)
    assert text.count("<details>") == page.tags.count("details") == page.tags.count("summary")
    assert page.tags.count("table") == text.count("\n|:--")
    led = {value for key, value in page.attributes if key == "href"}
    assert PAGE in led and led <= {PAGE, f"{PAGE}#trust"}
    assert not {"script", "iframe"} & set(page.tags)


def test_failures_and_doubts_stand_in_front_of_the_table() -> None:
    text = short("failures")
    assert text.index("cells failed") < text.index("\n| Model")


@pytest.mark.parametrize("variant", ["quickstart", "empty", "texts-alone", "partial"])
def test_its_pictures_and_the_page_that_it_leads_to_are_there(variant: str, tmp_path: Path) -> None:
    write_report(VARIANTS[variant](), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    page = rendered(text)
    pictures = [value for key, value in page.attributes if key == "src"]
    assert all((tmp_path / picture).is_file() for picture in pictures)
    assert (len(pictures) == 2) == (variant == "quickstart")
    assert (tmp_path / PAGE).is_file()


def test_it_says_how_to_run_it_again() -> None:
    again = "\n".join(["pip install -c constraints.txt .", *quickstart().commands])
    assert f"```sh\n{again}\n```" in short("quickstart")
