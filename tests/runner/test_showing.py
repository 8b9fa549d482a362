"""What results show of a prompt when the artifacts that it was made into are gone."""

from __future__ import annotations

import json
from pathlib import Path

from harness.runner.run import Options
from harness.runner.showing import show_prompt
from tests.results.made import write_results

HASH = "ab" * 32


def test_the_exact_text_is_shown_from_what_the_results_keep(tmp_path: Path) -> None:
    results = write_results(tmp_path / "s", {"base": [True] * 4}, prompts={"base": HASH})
    texts = {f"e{number:04}": str(number) for number in range(4)}
    told = {"sha256": HASH, "mode": "chat", "system": "turn", "begin": "<s>", "end": "<e>"}
    kept = results / "prompts" / f"{HASH[:24]}.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps(told | {"texts": texts}))
    options = Options(home=tmp_path / "nowhere")
    shown = show_prompt(results, ("base", "sentiment", "3"), options)
    assert (shown.text, shown.mode, shown.system) == ("<s>2<e>", "chat", "turn")
    assert shown.set_hash == HASH and shown.answer["answer"] == "positive"
    assert "The prompts' ids are no longer" in shown.note and not shown.tokens.ids
    kept.unlink()
    older = show_prompt(results, ("base", "sentiment", "3"), options)
    assert (older.text, older.mode) == ("", "kept") and older.answer == shown.answer
