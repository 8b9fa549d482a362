"""`harness init` writes suites that are checked and planned as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.cli.init import write_suite
from harness.errors import InputError
from harness.runner.known import known
from harness.suite.reader import read_suite


def models(file: Path) -> dict[str, dict[str, object]]:
    """The models of a suite that was written, which must be a valid one."""
    read_suite(file, known())
    found: dict[str, dict[str, object]] = yaml.safe_load(file.read_text())["models"]
    return found


def test_a_suite_of_a_model_on_the_hub_tunes_and_quantizes_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert write_suite(file, "HuggingFaceTB/SmolLM2-135M-Instruct") == 0
    found = models(file)
    assert found["base"] == {"source": "HuggingFaceTB/SmolLM2-135M-Instruct"}
    assert {"tuned", "tuned-f16", "tuned-q4"} <= found.keys()


def test_a_suite_of_a_gguf_asks_it_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert write_suite(file, "org/models/model-Q4_K_M.gguf") == 0
    assert models(file) == {"model": {"gguf": "org/models/model-Q4_K_M.gguf"}}


def test_what_lies_here_is_named_from_the_suites_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "my models: 1}, #2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert write_suite(Path("suites/mine.yaml"), "my models: 1}, #2") == 0
    assert models(tmp_path / "suites" / "mine.yaml")["base"] == {"source": "../my models: 1}, #2"}


@pytest.mark.parametrize("model", ["nowhere", "a/b/c/d", "missing.gguf", "./org/name"])
def test_a_model_that_is_nowhere_is_refused_and_nothing_written(tmp_path: Path, model: str) -> None:
    with pytest.raises(InputError, match="no such file or folder") as caught:
        write_suite(tmp_path / "mine.yaml", model)
    assert "ORG/NAME" in caught.value.hint
    assert not list(tmp_path.iterdir())
