"""What is kept beside the answers, and what goes once nothing asks for it."""

from __future__ import annotations

import json

from harness.files import write_atomically
from harness.results.artifacts import Manifest
from harness.runner.keeper import forget_stale_prompts
from tests.runner.test_lending import SUITE, Place, place

__all__ = ["place"]
ASKED, STALE = "ab" * 32, "cd" * 32


def test_a_run_deletes_prompts_that_no_cell_was_asked_by(place: Place) -> None:
    place.run()
    folder = place.options.results / "small"
    result = folder / "cells" / "base" / "speed" / "result.json"
    unsealed = {k: v for k, v in json.loads(result.read_text()).items() if k != "seal"}
    result.write_text(json.dumps(unsealed | {"prompts": ASKED}))
    kept = folder / "prompts"
    kept.mkdir()
    names = {f"{ASKED[:24]}.json", f"{STALE[:24]}.json", "notes.json"}
    for name in names:
        (kept / name).write_text("{}")
    place.suite.write_text(SUITE.replace("limit: 20", "limit: 10"))
    place.run(only="base/sentiment")
    assert {file.name for file in kept.iterdir()} == names - {f"{STALE[:24]}.json"}


def test_prompts_that_are_made_stay_before_any_cell_is_asked(place: Place) -> None:
    prepared = place.prepare()
    (key,) = set(prepared.plan.prompts.values())
    prepared.results.keep(Manifest(key, "prompts", "", {}, {}, "", 0.0, {"sha256": ASKED}))
    for digest in (ASKED, STALE):
        write_atomically(prepared.results.folder / "prompts" / f"{digest[:24]}.json", "{}")
    forget_stale_prompts(prepared.plan, prepared.results)
    assert [file.name for file in prepared.results.folder.glob("prompts/*")] == [
        f"{ASKED[:24]}.json"
    ]
