"""Data sets by name, in the form in which suites have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import DATASETS
from harness.data.loading import info_of, load
from harness.errors import InputError
from tests.data.copies import json_lines, phrasebank_text, samsum_rows, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("AllAgree", "66Agree"):
        write(tmp_path / f"phrasebank/Sentences_{name}.txt", phrasebank_text())
    write(tmp_path / "samsum/train.jsonl", json_lines(samsum_rows()[:2]))
    write(tmp_path / "samsum/test.jsonl", json_lines(samsum_rows()[2:]))
    return tmp_path


def test_an_info_reads_what_load_reads(folder: Path) -> None:
    for name in ("financial_phrasebank", "samsum"):
        info = info_of(name, folder)
        assert info.read() == load(name, folder).dataset
        assert info.read() is info.read()
        assert not info.synthetic and info.licence.startswith("CC BY-NC")


def test_the_fingerprint_follows_files_and_options(folder: Path) -> None:
    def fingerprint(agreement: object) -> str:
        return info_of("financial_phrasebank", folder, {"agreement": agreement}).fingerprint()

    before = fingerprint("all")
    assert before == fingerprint("ALL") != fingerprint(66)
    write(folder / "phrasebank/Sentences_AllAgree.txt", phrasebank_text() + "new@neutral\n")
    assert fingerprint("all") != before


def test_embedded_data_sets_have_readings_too() -> None:
    for name, info in DATASETS.items():
        loaded = load(name)
        assert loaded.dataset == info.read()
        assert loaded.reading.ok
        assert loaded.reading.read["test"] == len(loaded.dataset.test)
        assert info_of(name) is info


def test_names_and_options_that_are_wrong_are_said(folder: Path) -> None:
    with pytest.raises(InputError, match="no data set 'phrasebnk'") as raised:
        load("phrasebnk", folder)
    assert "financial_phrasebank" in raised.value.hint
    with pytest.raises(InputError, match="has no options"):
        load("dialogue-sample", options={"agreement": 66})


def test_the_data_layer_imports_neither_torch_nor_transformers() -> None:
    import subprocess
    import sys

    code = (
        "import sys, harness.data.inventory, harness.data.own, harness.data.instructions; "
        "print([m for m in ('torch', 'transformers', 'pandas', 'pyarrow', 'huggingface_hub') "
        "if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
