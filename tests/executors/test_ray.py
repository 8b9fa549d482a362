"""A suite on Ray itself: a cluster of this machine alone, started and stopped by the run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import InputError
from harness.executors import cluster
from harness.executors.cluster import connected
from harness.executors.node import SEEN
from harness.executors.nodes import Node
from harness.results.store import ResultsStore

SUITE = """
name: small
defaults: {limit: 6, resources: {cpus: 1, memory: 50 MB}}
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    file = tmp_path / "suite.yaml"
    file.write_text(SUITE)
    return file


def run(suite: Path, *words: str) -> int:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["harness", "run", str(suite), *words])
        main()
    return int(ended.value.code or 0)


def answers(folder: str) -> list[str]:
    cell = ResultsStore(Path(folder) / "small").cell("base", "sentiment")
    result = json.loads(cell.result_file.read_text())
    return [cell.samples_file.read_text(), json.dumps(result["metrics"])]


def test_without_ray_the_extra_is_named(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert run(suite, "--executor", "ray") == 2
    assert "harness[ray]" in capsys.readouterr().err


def test_an_address_needs_the_executor_that_goes_there(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(suite, "--address", "10.0.0.1:6379") == 2
    assert "--executor ray" in capsys.readouterr().err


@pytest.mark.slow
def test_where_no_cluster_answers_that_is_said() -> None:
    pytest.importorskip("ray")
    with pytest.raises(InputError, match="no Ray cluster answers"), connected("127.0.0.1:9"):
        pass


@pytest.mark.slow
def test_a_suite_ends_in_the_same_answers_on_ray_as_here(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    assert run(suite, "--executor", "ray", "--results", "there") == 0
    monkeypatch.setenv("HARNESS_HOME", str(suite.with_name("home-of-its-own")))
    assert run(suite, "--results", "here") == 0
    assert answers("there") == answers("here")
    marks = [file for file in suite.parent.rglob(".seen*") if file.is_file()]
    assert not marks
    suite.write_text(SUITE.replace("cpus: 1", "gpus: 64").replace("limit: 6", "limit: 7"))
    capsys.readouterr()
    assert run(suite, "--executor", "ray", "--results", "there") == 2
    assert "no node of the cluster has 1 core, 64 GPUs" in " ".join(capsys.readouterr().err.split())


class Small:
    """Stands for a cluster of one node, on which nothing may be begun."""

    def nodes(self) -> list[Node]:
        return [Node("a", "10.0.0.3 aaaaaa", 8.0, 0.0, 64 * 10**9)]


def test_what_no_node_has_is_told_at_once_and_nothing_is_run(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def small(address: str | None) -> Iterator[Small]:
        yield Small()

    monkeypatch.setattr(cluster, "connected", small)
    suite.write_text(SUITE.replace("cpus: 1", "gpus: 1"))
    assert run(suite, "--executor", "ray", "--address", "10.0.0.3:6379") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "no node of the cluster has 1 core, 1 GPU" in said and "10.0.0.3 aaaaaa" in said
    assert not list(suite.parent.glob("results/*/cells")) and not list(suite.parent.rglob(SEEN))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nowhere://there/folder", "nowhere"),
        ("s3://user:hunter2@bucket/folder", "password"),
        ("/not/mounted/folder", "/not/mounted/folder"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_before_a_cluster_is_asked(
    url: str,
    said: str,
    suite: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert run(suite, "--executor", "ray", "--store", url) == 2
    told = capsys.readouterr().err
    assert said in " ".join(told.split()) and "hunter2" not in told and "harness[ray]" not in told
