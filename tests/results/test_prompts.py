"""Exact prompts outlive the artifacts of their run; what is damaged or strange is passed over."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.records import PromptTexts
from harness.results.artifacts import Manifest
from harness.results.prompts import keep_prompts, prompt_texts, take_prompts

HASH = "ab" * 32


def made(folder: Path, texts: dict[str, str], digest: str = HASH) -> Path:
    """A folder as the step that writes prompts leaves it."""
    folder.mkdir(parents=True)
    rows = ({"id": id, "text": text, "ids": [1, 2]} for id, text in texts.items())
    (folder / "prompts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    shared = {"sha256": digest, "mode": "chat", "system": "turn", "labels": []}
    (folder / "prompts.json").write_text(json.dumps(shared))
    return folder


TEXTS = {"e1": "<s>Say: good day<e>", "e2": "<s>Say: goodbye<e>"}


def test_prompts_are_read_back_word_for_word_without_the_artifact(tmp_path: Path) -> None:
    keep_prompts(tmp_path / "results", made(tmp_path / "artifact", TEXTS))
    found = prompt_texts(tmp_path / "results", HASH, [], tmp_path / "no-home")
    assert found == PromptTexts("chat", "turn", TEXTS)


def test_results_that_borrow_answers_take_their_prompts(tmp_path: Path) -> None:
    keep_prompts(tmp_path / "lender", made(tmp_path / "artifact", TEXTS))
    for digest in (HASH, "ef" * 32, "../../secret"):
        take_prompts(tmp_path / "results", tmp_path / "lender", digest)
    found = prompt_texts(tmp_path / "results", HASH, [], tmp_path / "no-home")
    assert found == PromptTexts("chat", "turn", TEXTS)
    assert len(list((tmp_path / "results" / "prompts").iterdir())) == 1


def test_what_all_prompts_share_is_written_once(tmp_path: Path) -> None:
    shots = "A long text with five shots. " * 200
    texts = {f"e{n}": f"{shots}{n:03}?" for n in range(100)}
    keep_prompts(tmp_path, made(tmp_path / "artifact", texts))
    (file,) = (tmp_path / "prompts").iterdir()
    assert file.stat().st_size < 2 * len(shots)
    assert prompt_texts(tmp_path, HASH, [], tmp_path) == PromptTexts("chat", "turn", texts)


@given(st.lists(st.text("abX", max_size=6), min_size=1, max_size=5))
def test_any_texts_come_back(texts: list[str]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as scratch:
        asked = {str(number): text for number, text in enumerate(texts)}
        keep_prompts(Path(scratch), made(Path(scratch) / "artifact", asked))
        found = prompt_texts(Path(scratch), HASH, [], Path(scratch))
        assert found is not None and found.texts == asked


def test_older_results_find_them_in_the_artifacts_while_these_are_there(tmp_path: Path) -> None:
    made(tmp_path / "home" / "artifacts" / "prompts" / ("cd" * 32), TEXTS)
    step = Manifest("cd" * 32, "prompts", "", {}, {}, "", 0.0, {"sha256": HASH})
    found = prompt_texts(tmp_path / "results", HASH, [step], tmp_path / "home")
    assert found is not None and found.texts == TEXTS
    assert prompt_texts(tmp_path / "results", HASH, [step], tmp_path / "elsewhere") is None
    strange = Manifest("../../x", "prompts", "", {}, {}, "", 0.0, {"sha256": HASH})
    assert prompt_texts(tmp_path / "results", HASH, [strange], tmp_path / "home") is None


def test_a_hash_that_is_none_becomes_no_path(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"mode": "", "system": "", "begin": "", "end": "", "texts": {}}))
    assert prompt_texts(tmp_path / "results", "../../secret", [], tmp_path) is None
    keep_prompts(tmp_path / "results", made(tmp_path / "artifact", TEXTS, "../../written"))
    assert not (tmp_path / "results").exists() and not (tmp_path / "written.json").exists()


def test_a_damaged_file_is_no_prompts(tmp_path: Path) -> None:
    keep_prompts(tmp_path, made(tmp_path / "artifact", TEXTS))
    (file,) = (tmp_path / "prompts").iterdir()
    file.write_text(file.read_text()[:-5])
    assert prompt_texts(tmp_path, HASH, [], tmp_path / "home") is None
