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


MODELS = [
    (name, model)
    for name in ("assignment-1", "assignment-2")
    for model in (None, "starter", "org/name", "org/repo/FILE.gguf")
][:-1]
"""The last would be a GGUF file to fine-tune."""


@pytest.mark.parametrize(("template", "model"), MODELS)
def test_a_template_writes_a_suite_of_any_model(
    tmp_path: Path, template: str, model: str | None
) -> None:
    file = tmp_path / "home work.yaml"
    assert write_suite(file, model, template) == 0
    text = file.read_text()
    found = models(file)
    assert model is None or model in str(found)
    assert "#%" not in text and ": MODEL" not in text
    assert yaml.safe_load(text)["name"] == "home-work"
    assert "harness plan" in text and "results/home-work" in text


def test_a_gguf_file_cannot_be_fine_tuned(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be fine-tuned"):
        write_suite(tmp_path / "a.yaml", "org/repo/FILE.gguf", "assignment-2")
    assert not list(tmp_path.iterdir())


def test_a_folder_gets_all_files_of_a_template_and_is_one_itself(tmp_path: Path) -> None:
    assert write_suite(tmp_path / "mine", None, "assignment-2") == 0
    assert {file.name for file in (tmp_path / "mine").iterdir()} == {
        "suite.yaml", "report.md.j2", "criteria.yaml",
    }  # fmt: skip
    assert yaml.safe_load((tmp_path / "mine" / "suite.yaml").read_text())["name"] == "mine"
    assert write_suite(tmp_path / "next.yaml", None, str(tmp_path / "mine")) == 0
    assert models(tmp_path / "next.yaml").keys() == models(tmp_path / "mine" / "suite.yaml").keys()


def test_no_file_of_a_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "criteria.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"criteria\.yaml: this file is there already"):
        write_suite(tmp_path / "mine", None, "assignment-1")
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["criteria.yaml"]


def test_without_a_name_the_suite_is_called_as_its_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_suite(None, "starter", "assignment-1") == 0
    assert models(Path("assignment-1.yaml"))["base"] == {"source": "starter"}
