"""What only the driver has of a job's files goes to a node through the store, whatever names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from harness.data.opening import open_data
from harness.executors.away import _at_hand
from harness.executors.packing import Packer
from harness.executors.parcels import placed
from harness.metrics.code import code_key
from harness.plan.graph import Plan
from harness.plan.places import Places
from harness.runner.jobs import Job, StepJob
from harness.runner.shared import SharedArtifacts
from harness.stores.store import SharedStore
from harness.suite.metrics import MetricRef
from tests.executors.test_on_ray import step


class NoParents:
    """A plan of one step."""

    steps: ClassVar[dict[str, Any]] = {}


def test_data_templates_and_code_are_found_on_the_node(tmp_path: Path) -> None:
    suite, node = tmp_path / "suite", tmp_path / "node"
    (suite / "data" / "phrasebank").mkdir(parents=True)
    (suite / "data" / "phrasebank" / "Sentences_AllAgree.txt").write_text("It rose .@positive\n")
    (suite / "rows.csv").write_text("text,label\ngood,yes\n")
    (suite / "own.py").write_text("import helper\ndef score(answer, target): return helper.one\n")
    (suite / "helper.py").write_text("one = 1.0\n")
    (suite / "chat.jinja").write_text("{{ messages }}")
    (suite / "evaluate.py").write_text("class M: pass\n")
    known = {
        "name": "financial_phrasebank", "kind": "classify", "options": {"agreement": "all"},
        "data_dir": str(suite / "data"),
    }  # fmt: skip
    own = {
        "name": "rows", "kind": "classify",
        "own": {"file": str(suite / "rows.csv"), "prompt": "{{ text }}", "target": "{{ label }}"},
    }  # fmt: skip
    python = MetricRef("python", ("score",), (None,), "own.py:score", str(suite))
    script = MetricRef("evaluate", ("m",), (None,), str(suite / "evaluate.py"))
    places = Places(
        {"template": str(suite / "chat.jinja")},
        {"known": known, "own": own, "embedded": {"name": "dialogue-sample", "kind": "summarize"}},
        {"python": python, "script": script},
    )
    (tmp_path / "shared").mkdir()
    home, store = tmp_path / "home", SharedStore(str(tmp_path / "shared"))
    packer = Packer(cast(Plan, NoParents()), home, SharedArtifacts(store, home), "", {}, 60)
    one = StepJob(step("a"), {}, work=str(home / "work" / "a"), home=str(home), places=places)
    packed = packer.pack(Job("job", (one,), str(home), str(tmp_path / "results" / "small"), 1))
    keys = code_key(python), code_key(script)
    for file in sorted(suite.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    with _at_hand(packed, store, node) as table:
        table |= {packed.home: str(node), packed.results: str(node / "away")}
        job = Job.from_json(placed(packed.job, table))
        found = job.steps[0].places
        assert Path(found.files["template"]).read_text() == "{{ messages }}"
        assert [file.name for file in open_data(found.data["known"]).files] == [
            "Sentences_AllAgree.txt"
        ]
        assert open_data(found.data["known"]).files[0].is_relative_to(node)
        assert Path(found.data["own"]["own"]["file"]).read_text().startswith("text,label")
        assert found.data["embedded"] == {"name": "dialogue-sample", "kind": "summarize"}
        assert (code_key(found.code["python"]), code_key(found.code["script"])) == keys
        assert job.home == str(node) and job.steps[0].work == str(node / "work" / "a")
        assert job.results == str(node / "away" / "small")
        assert str(suite) not in placed(packed.job, table).replace(packed.home, "")


def test_of_two_places_the_inner_one_counts_and_other_texts_stay() -> None:
    text = '{"steps": [{"step": {"label": "/a/b"}, "inputs": {"x": "/a/b/c"}}], "home": "/a", "name": "/ab"}'
    assert placed(text, {"/a": "/n", "/a/b": "/m"}) == (
        '{"home": "/n", "name": "/ab", "steps": [{"step": {"label": "/a/b"}, "inputs": {"x": "/m/c"}}]}'
    )
