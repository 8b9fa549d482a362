"""Ray with two nodes that have homes of their own, and a store between them and the driver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.results.store import ResultsStore
from tests.executors.test_ray import run

pytestmark = pytest.mark.slow
SUITE = """
name: small
forgetting: false
defaults: {limit: 6, resources: {cpus: 1, memory: 50 MB}}
models:
  base: {source: ./model}
  f16: {from: base, gguf: F16}
tasks:
  sentiment:
    type: classify
    dataset: {file: rows.csv, prompt: "{{ text }}\\nSentiment:", target: "{{ label }}", labels: [bad, good]}
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for number in (1, 2):
            home = str(tmp_path / f"node-{number}")
            more = {"include_dashboard": False} if number == 1 else {}
            cluster.add_node(
                num_cpus=1, object_store_memory=80 * 2**20, env_vars={"HARNESS_HOME": home}, **more
            )
        yield cluster.address
    finally:
        cluster.shutdown()


def test_nodes_with_homes_of_their_own_end_in_the_local_runs_results(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from harness.starter import MODEL_FOLDER

    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODEL_FOLDER, tmp_path / "model")
    rows = "".join(f"it was {word} {n},{label}\n" for n in range(20) for word, label in WORDS)
    (tmp_path / "rows.csv").write_text(f"text,label\n{rows}")
    (tmp_path / "shared").mkdir()
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "driver"))
    words = ("--executor", "ray", "--address", address, "--store", f"file://{tmp_path}/shared")
    assert run(suite, *words, "--results", "there") == 0
    made = {path.parent.name for path in tmp_path.glob("driver/artifacts/*/*/")}
    assert made == {"prompts"}, "the driver has made and fetched nothing else"
    converted = list(tmp_path.glob("node-*/artifacts/convert/*/model.gguf"))
    assert converted and list(tmp_path.glob("node-*/files/*/model.safetensors"))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "alone"))
    assert run(suite, "--results", "here") == 0
    for model in ("base", "f16"):
        there, here = (
            ResultsStore(Path(at) / "small").cell(model, "sentiment") for at in ("there", "here")
        )
        assert there.samples_file.read_text() == here.samples_file.read_text()
        results = [json.loads(cell.result_file.read_text()) for cell in (there, here)]
        assert results[0]["metrics"] == results[1]["metrics"]
        assert there.result(thoroughly=True) is not None


WORDS = (("lovely", "good"), ("awful", "bad"))
