"""Files of data sets on the Hub, in the layouts that are about."""

from __future__ import annotations

import pytest

from harness.data.repo_files import WantedFiles, choose_parts
from harness.errors import InputError

ASIDE = ["README.md", ".gitattributes", "dataset_infos.json", ".hidden/train.csv"]


@pytest.mark.parametrize(
    ("paths", "config", "parts"),
    [
        (["train.csv", "test.csv"], None, {"train": 1, "test": 1}),
        (["train.csv", "dev.csv", "test.csv"], None, {"train": 1, "validation": 1, "test": 1}),
        (
            [f"data/train-0000{n}-of-00002.parquet" for n in range(2)]
            + ["data/test-00000-of-00001.parquet", "data/valid-00000-of-00001.parquet"],
            None,
            {"train": 2, "test": 1, "validation": 1},
        ),
        (["train/0.parquet", "train/1.parquet", "test/0.parquet"], None, {"train": 2, "test": 1}),
        (["default/train/0000.parquet", "default/test/0000.parquet"], None, {"train": 1, "test": 1}),
        (["train.jsonl", "train.csv", "test.jsonl", "test.csv"], None, {"train": 1, "test": 1}),
        (["train.json", "validation.json"], None, {"train": 1, "test": 1}),
        (["tickets.csv"], None, {"all": 1}),
        (["data/rows-00000-of-00002.parquet", "data/rows-00001-of-00002.parquet"], None, {"all": 2}),
        (["train.csv"], None, {"all": 1}),
        (["train.csv", "test.csv", "labels.csv"], None, {"train": 1, "test": 1}),
        (
            ["main/train-0.csv", "main/test-0.csv", "other/train-0.csv", "other/test-0.csv"],
            "main",
            {"train": 1, "test": 1},
        ),
        (["en/train.csv", "en/test.csv", "de/train.csv", "de/test.csv"], "de", {"train": 1, "test": 1}),
        (["cased_train.csv", "cased_test.csv", "raw_train.csv"], "cased", {"train": 1, "test": 1}),
        (["default/train.csv", "default/test.csv", "x/train.csv"], None, {"train": 1, "test": 1}),
    ],
)  # fmt: skip
def test_parts_are_found_by_the_usual_names(
    paths: list[str], config: str | None, parts: dict[str, int]
) -> None:
    found = choose_parts([*ASIDE, *paths], "org/data", WantedFiles(config))
    assert {part: len(files) for part, files in found.items()} == parts
    assert {file for files in found.values() for file in files} <= set(paths)


def test_of_several_forms_one_is_taken() -> None:
    found = choose_parts(["train.csv", "train.parquet", "test.csv"], "org/data", WantedFiles())
    assert found == {"train": ("train.parquet",), "test": ("test.csv",)}


def test_patterns_name_files_inside_the_repo() -> None:
    paths = ["a/train-1.json", "a/train-2.json", "b/held.csv", "c.csv"]
    two = choose_parts(paths, "org/data", WantedFiles(train="a/train-*.json", test="b/held.csv"))
    assert two == {"train": ("a/train-1.json", "a/train-2.json"), "test": ("b/held.csv",)}
    assert choose_parts(paths, "org/data", WantedFiles(file="*.csv"))["all"] == (
        "b/held.csv",
        "c.csv",
    )


@pytest.mark.parametrize(
    ("paths", "wanted", "said", "hint"),
    [
        (
            ["de/train.csv", "en/train.csv"],
            WantedFiles(),
            "several configurations: de, en",
            "config: de",
        ),
        (["de/train.csv", "en/train.csv"], WantedFiles("fr"), "no configuration `fr`", "de, en"),
        (["a.csv", "b.csv"], WantedFiles(), "several tables.*a.csv, b.csv", "file: a.csv"),
        (["script.py"], WantedFiles(), "has no tables", "never run"),
        (
            ["test.csv", "dev.csv"],
            WantedFiles(),
            "no train part, only validation and test",
            "train:",
        ),
        (["train.csv"], WantedFiles(file="tran.csv"), "no file fits `file: tran.csv`", "train.csv"),
        (
            ["train.csv"],
            WantedFiles(train="train.csv", test="x*.csv"),
            r"no file fits `test: x\*.csv`",
            "train.csv",
        ),
    ],
)
def test_what_is_not_clear_is_an_error_that_says_what_to_write(
    paths: list[str], wanted: WantedFiles, said: str, hint: str
) -> None:
    with pytest.raises(InputError, match=said) as raised:
        choose_parts([*ASIDE, *paths], "org/data", wanted)
    assert hint in raised.value.hint
