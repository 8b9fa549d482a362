"""What models wrote stands in the report whole, once, beside what was counted of it."""

from __future__ import annotations

import html
import re

from rich.console import Console

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.compared import ComparedModels, compare_task
from harness.records import Comparison, Summary
from harness.reporting.html import html as page_of
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.reporting.side_by_side import terminal_comparison
from harness.reporting.terminal import terminal_table
from harness.reporting.types.write import MOST, PROMPTS_SHOWN, in_short, partings, passage, texts
from tests.analysis.samples import of_type, written
from tests.reporting.hostile import HOSTILE
from tests.reporting.test_documents import Page, rendered, report, visible
from tests.reporting.written import ASKED, HAIKU, LOOP, SKY, STORY, with_texts


def section(text: str) -> str:
    return text.split("## Written texts")[1].split("\n## ")[0]


def test_every_prompt_and_every_text_stands_whole_in_both() -> None:
    made = report("texts")
    both = visible(rendered(made.markdown).text), visible(made.page.text)
    for text in (*ASKED.values(), SKY, HAIKU, LOOP, STORY):
        for shown in both:
            # a long text is cut between two words, with the words of a fold in between
            parts = [text[:200], text[-400:]] if len(text) > 900 else [text]
            assert all(visible(part.strip()) in shown for part in parts)
    whole = visible(re.sub(r"[\d,]+ more characters", " ", made.page.text))
    assert visible(STORY) in whole and visible(LOOP.strip()) in whole


def test_line_breaks_and_indentation_of_a_text_are_kept() -> None:
    made = report("texts")
    assert HAIKU in made.markdown
    assert html.escape(HAIKU) in made.html
    assert 'class="text" dir="auto"' in made.html and "white-space: pre-wrap" in made.html


def test_the_same_text_stands_once_with_all_who_wrote_it() -> None:
    summary = with_texts()
    names = [of.names for of in texts(summary, "coherence", "sky")]
    assert names == [("base",), ("lora", "qlora", "lora-f16", "lora-q8", "lora-q5"), ("lora-q4",)]
    shown = section(markdown(document(summary)))
    assert shown.count(SKY[:60]) == 2
    assert "`lora`, `qlora`, `lora-f16`, `lora-q8`, `lora-q5`: 15 tokens" in shown


def test_what_is_cut_empty_or_looping_is_marked_in_words() -> None:
    found = {p: texts(with_texts(), "coherence", p)[0] for p in ASKED}
    said = {p: [mark.text for mark in of.marks] for p, of in found.items()}
    assert said["sky"][1] == "✂ cut off by the limit"
    assert said["sky"][2].startswith("↻ repeats itself (repetition 0.9")
    assert said["haiku"] == ["0 tokens", "∅ wrote nothing"]
    assert said["story"] == ["1 token"]


def test_a_text_says_where_it_parts_from_its_baseline() -> None:
    *_, last = texts(with_texts(), "coherence", "sky")
    assert [mark.text for mark in last.marks] == [
        "15 tokens",
        "◆ diverges from lora-f16 after 14 tokens",
    ]
    table = partings(with_texts(), "coherence")
    assert table is not None
    assert [[field.text for field in row.fields] for row in table.rows] == [
        ["lora-q8", "lora-f16", "3 of 3", "–"],
        ["lora-q4", "lora-f16", "2 of 3", "14"],
    ]


def test_a_fine_tuned_model_is_not_said_to_part_from_its_base() -> None:
    row = Comparison(
        name="fine-tuning",
        task="coherence",
        metric="repetition",
        baseline="base",
        candidate="lora",
        parted={"sky": 0},
    )
    summary = with_texts(comparisons=[row])
    assert partings(summary, "coherence") is None
    assert "diverges from" not in markdown(document(summary))


def test_a_long_text_is_cut_between_words_and_nothing_is_lost() -> None:
    for text in (STORY, "x" * 3000, "a b " * 500, " " * 2000, "", "short"):
        cut = passage(text)
        joined = re.sub(r"\s", "", cut.head + cut.rest)
        assert joined == re.sub(r"\s", "", text)
    assert passage(STORY).rest and not passage("word " * 170).rest


def test_a_text_that_never_ends_is_shown_in_part_and_the_whole_is_named() -> None:
    (of,) = texts(_with(one_text="w " * MOST), "coherence", "sky")
    assert of.marks[-1].text == (
        "here 8,000 of 16,000 characters, all of them in cells/base/coherence/samples.jsonl"
    )
    assert len(of.passage.head + of.passage.rest) <= MOST


def test_of_many_prompts_the_rest_is_named_by_its_files() -> None:
    asked = {f"p{i}": f"Prompt number {i}" for i in range(PROMPTS_SHOWN + 3)}
    shown = section(markdown(document(_with(asked=asked))))
    assert "Prompt number 39" in shown and "Prompt number 40" not in shown
    assert (
        "3 more prompts: what was written on them is in `cells/MODEL/coherence/samples.jsonl`."
        in shown
    )


def test_the_verdict_leaves_the_judgement_to_the_reader() -> None:
    (line,) = in_short(with_texts())
    assert "".join(line) == (
        "What was written on coherence is not scored automatically: see “Written "
        "texts”. Of 21 texts, 1 repeats itself, 7 were cut off, 1 is empty."
    )
    alone = visible(report("texts-alone").page.text)
    assert "is not scored automatically" in alone
    assert "Quantization cost quality" not in alone and "helped" not in alone


def test_models_are_said_to_go_on_with_text_or_to_be_asked_through_their_template() -> None:
    shown = visible(report("texts").page.text)
    assert "given the prompt as text to go on with: base." in shown


def test_a_thought_is_shut_and_apart_from_the_text() -> None:
    whole = _with(one_text="So it is.")
    (cell,) = whole.cells
    told = cell.details["written"]
    thinking = {"sky": {**told["texts"]["sky"], "thought": "Let me see.\n# Hm"}}
    cells = [cell.model_copy(update={"details": {"written": {**told, "texts": thinking}}})]
    made = document(whole.model_copy(update={"cells": cells}))
    fold = "<summary>Its thought: 16 characters</summary>"
    assert fold in page_of(made) and "# Hm" in Page(page_of(made)).text
    shown = section(markdown(made))
    assert (
        shown.index("So it is.")
        < shown.index(fold)
        < shown.index("```text\nLet me see.\n# Hm\n```")
    )


def test_a_cell_that_failed_is_left_out_of_the_texts() -> None:
    whole = with_texts()
    cells = [
        one.model_copy(update={"status": "failed", "details": {}, "metrics": {}, "n": 0})
        if (one.model, one.task) == ("base", "coherence")
        else one
        for one in whole.cells
    ]
    assert [of.names[0] for of in texts(with_texts(cells=cells), "coherence", "sky")] == [
        "lora", "lora-q4",
    ]  # fmt: skip


def test_hostile_texts_are_text_and_nothing_else() -> None:
    harmless, page = report("texts").page, report("hostile-texts").page
    assert sorted(set(page.tags)) == sorted(set(harmless.tags))
    assert "</details></p></script><img src=x onerror=alert(1)>" in visible(page.text)
    assert "{{7*7}}" in page.text
    shown = rendered(report("hostile-texts").markdown)
    assert "script" not in shown.tags and shown.tags.count("h2") == report("texts").markdown.count(
        "\n## "
    )
    assert "# no heading" in shown.text and shown.tags.count("h3") == harmless.tags.count("h3")


def test_the_terminal_shows_both_ends_of_each_text_and_no_markup() -> None:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal_table(with_texts()))
    shown = visible(console.export_text())
    assert "lora, qlora, lora-f16, lora-q8, lora-q5" in shown
    assert visible(SKY) in shown and "∅ wrote nothing" in shown
    assert HOSTILE[:9] not in shown
    hostile = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    hostile.print(terminal_table(report("hostile-texts").summary))
    assert "[x](http://evil.test)" in visible(hostile.export_text())


def test_two_models_side_by_side_say_how_many_texts_part_and_show_no_target() -> None:
    before = written([[1, 2, 3, 4, 5]] * 3)
    after = written([[1, 2, 3, 4, 5], [1, 9] * 9, [1, 2, 3, 9]])
    answers = TaskAnswers(
        "write", of_type("write"), {"a": CellAnswers(before), "b": CellAnswers(after)}
    )
    task = compare_task("texts", answers, "a", "b", 0, ("repetition",))
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal_comparison(ComparedModels("a", "b", "a", [task]), 0.95, 5))
    shown = visible(console.export_text())
    assert (
        "1 of 3 texts the same to the last token; first divergence after 2 tokens (median; the earliest "
        "after 1)." in shown
    )
    assert "prompt-1 repetition 0.000 → 0.867 before 1 2 3 4 5 after 1 9 1 9" in shown
    assert "target" not in shown


def _with(asked: dict[str, str] | None = None, one_text: str = "yes") -> Summary:
    """The base alone, which writes the same on every prompt."""
    prompts = asked or {"sky": "Why?"}
    whole = with_texts()
    (cell,) = [one for one in whole.cells if (one.model, one.task) == ("base", "coherence")]
    one = {"text": one_text, "tokens": 1, "truncated": False, "repetition": 0.0}
    details = {"written": {"mode": "chat", "texts": dict.fromkeys(prompts, one)}}
    task = whole.tasks["coherence"].model_copy(update={"asked": prompts})
    return with_texts(
        models={"base": whole.models["base"]},
        tasks={"coherence": task},
        cells=[cell.model_copy(update={"details": details})],
        comparisons=[],
        gates=[],
    )


def test_the_page_nests_its_tags() -> None:
    Page(page_of(document(with_texts())))
