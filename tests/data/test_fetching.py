"""Fetching from a local stand-in for the Hub."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.data.catalog import PHRASEBANK, SAMSUM
from harness.data.fetching import choose_files, fetch, fetched_folder, read_origin
from harness.data.loading import load
from harness.data.shelf import get_data
from harness.errors import BadDataError
from tests.data.copies import SENTENCES, samsum_rows, write
from tests.data.hub_stand_in import COMMIT, Hub, serving
from tests.data.test_phrasebank import COPIES
from tests.data.test_samsum import as_csv

ROWS = samsum_rows()
REPOS = {
    "takala/financial_phrasebank": {
        "README.md": b"",
        "financial_phrasebank.py": b"raise SystemExit('scripts are never run')",
        "data/FinancialPhraseBank-v1.0.zip": COPIES["release.zip"],
    },
    "knkarthick/samsum": {
        "README.md": b"",
        "train.csv": as_csv(ROWS[:1]),
        "validation.csv": as_csv(ROWS[1:2]),
        "test.csv": as_csv(ROWS[2:]),
    },
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecretsecret")
    with serving(REPOS) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


def environment(home: Path) -> dict[str, str]:
    return {"HARNESS_HOME": str(home)}


def test_phrasebanks_zip_is_fetched_once_and_read(hub: Hub, tmp_path: Path) -> None:
    for _ in range(2):
        loaded = load(
            "financial_phrasebank", options={"agreement": 50}, environment=environment(tmp_path)
        )
        examples = (*loaded.dataset.train, *loaded.dataset.test)
        assert {(e.text, e.target) for e in examples} == set(SENTENCES)
        asked, hub.asked = hub.asked, []
    assert asked == []
    assert any(COMMIT in note for note in loaded.reading.notes)
    folder = fetched_folder("financial_phrasebank", tmp_path)
    assert sorted(file.name for file in folder.iterdir()) == [
        "FinancialPhraseBank-v1.0.zip",
        "source.json",
    ]


def test_samsums_parts_are_fetched_and_read(hub: Hub, tmp_path: Path) -> None:
    reading = get_data("samsum", environment=environment(tmp_path))
    assert reading.read == {"train": 1, "validation": 1, "test": 1}
    origin = read_origin("samsum", tmp_path)
    assert origin is not None and origin.revision == COMMIT
    assert sorted(origin.files) == ["test.csv", "train.csv", "validation.csv"]


def test_again_asks_again(hub: Hub, tmp_path: Path) -> None:
    get_data("samsum", environment=environment(tmp_path))
    hub.asked.clear()
    get_data("samsum", environment=environment(tmp_path))
    assert hub.asked == []
    get_data("samsum", environment=environment(tmp_path), again=True)
    assert hub.asked


def test_a_folder_that_is_named_keeps_away_from_the_network(hub: Hub, tmp_path: Path) -> None:
    for given, named in ((tmp_path, {}), (None, {"HARNESS_DATA": str(tmp_path)})):
        with pytest.raises(BadDataError, match="no files of samsum"):
            load("samsum", given, environment={**environment(tmp_path / "home"), **named})
    assert hub.asked == []


def test_without_leave_nothing_is_fetched(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="not here") as raised:
        load("samsum", may_fetch=False, environment=environment(tmp_path))
    assert "harness data get samsum" in raised.value.hint
    assert hub.asked == []


def test_files_put_by_hand_are_read_and_never_replaced(hub: Hub, tmp_path: Path) -> None:
    folder = fetched_folder("samsum", tmp_path)
    for part, rows in (("train", ROWS[:1]), ("test", ROWS[2:])):
        write(folder / f"{part}.csv", as_csv(rows))
    assert get_data("samsum", environment=environment(tmp_path)).read == {"train": 1, "test": 1}
    assert hub.asked == []
    with pytest.raises(BadDataError, match="not fetched, which are left as they are"):
        get_data("samsum", environment=environment(tmp_path), again=True)
    assert (folder / "train.csv").exists()


def test_a_fetched_file_that_was_changed_is_noticed(hub: Hub, tmp_path: Path) -> None:
    get_data("samsum", environment=environment(tmp_path))
    write(fetched_folder("samsum", tmp_path) / "train.csv", as_csv(ROWS[:2]))
    with pytest.raises(BadDataError, match=r"train\.csv: wrong checksum"):
        load("samsum", environment=environment(tmp_path))


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "GatedRepo", "wants its terms accepted, and a token"),
        (401, "RepoNotFound", "no repository knkarthick/samsum is there"),
        (404, "RepoNotFound", "no repository knkarthick/samsum is there"),
        (404, "RevisionNotFound", "has no revision v2"),
        (418, "", "the Hub answered 418"),
    ],
)
def test_each_refusal_has_its_message_and_says_what_to_put_where(
    status: int, code: str, said: str, hub: Hub, tmp_path: Path
) -> None:
    hub.status, hub.error_code = status, code
    with pytest.raises(BadDataError, match=said) as raised:
        fetch(SAMSUM, tmp_path, revision="v2")
    assert "corpus.7z" in raised.value.hint and "HARNESS_DATA" in raised.value.hint
    assert "secret" not in f"{raised.value.message}{raised.value.hint}"
    assert not fetched_folder("samsum", tmp_path).exists()


@pytest.mark.parametrize(
    ("part", "status", "content", "said"),
    [
        ("/api/", 200, b"<html>Please log in</html>", "what answers is not the Hub"),
        ("/api/", 200, b"{}", "what answers is not the Hub"),
        ("/resolve/", 404, b"", "the Hub answered 404"),
        ("/resolve/", 500, b"", "the Hub answered 500"),
    ],
)
def test_a_proxy_or_a_hub_in_trouble_is_said(
    part: str,
    status: int,
    content: bytes,
    said: str,
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.instead[part] = (status, content)
    with pytest.raises(BadDataError, match=said):
        fetch(SAMSUM, tmp_path)
    assert not fetched_folder("samsum", tmp_path).exists()


def test_a_connection_that_breaks_off_leaves_no_half_file(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.cut = True
    with pytest.raises(BadDataError, match="broke off"):
        fetch(SAMSUM, tmp_path)
    assert [entry.name for entry in (tmp_path / "data").iterdir()] == ["samsum.lock"]
    hub.cut = False
    assert set(fetch(SAMSUM, tmp_path).files) == {"train.csv", "validation.csv", "test.csv"}


def test_a_hub_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="the Hub does not answer"):
        fetch(SAMSUM, tmp_path, endpoint="http://127.0.0.1:9")


def test_offline_is_said(monkeypatch: pytest.MonkeyPatch, hub: Hub, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadDataError, match="HF_HUB_OFFLINE is set"):
        fetch(PHRASEBANK, tmp_path)


def test_a_repository_without_the_files_is_said(tmp_path: Path) -> None:
    with (
        serving({"knkarthick/samsum": {"README.md": b""}}) as hub,
        pytest.raises(BadDataError, match="no longer holds its files"),
    ):
        fetch(SAMSUM, tmp_path, endpoint=hub.endpoint)


def test_a_full_disk_is_said_and_leaves_nothing(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(BadDataError, match="no space left on the disk"):
        fetch(SAMSUM, tmp_path)
    monkeypatch.undo()
    assert not fetched_folder("samsum", tmp_path).exists()
    assert [entry.name for entry in (tmp_path / "data").iterdir()] == ["samsum.lock"]


def test_a_damaged_record_says_what_to_delete(tmp_path: Path) -> None:
    write(fetched_folder("samsum", tmp_path) / "source.json", "{")
    with pytest.raises(BadDataError, match=r"source\.json: cannot be read") as raised:
        read_origin("samsum", tmp_path)
    assert "Delete" in raised.value.hint
    shutil.rmtree(fetched_folder("samsum", tmp_path))
    assert read_origin("samsum", tmp_path) is None


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["test.csv", "train.csv", "validation.csv", "train.parquet"], 3),
        (["data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"], 2),
        (["train.csv", "corpus.7z"], 1),
        (["README.md"], 0),
    ],
)
def test_a_mirrors_files_are_chosen_by_part_and_ending(names: list[str], chosen: int) -> None:
    assert len(choose_files(SAMSUM, names)) == chosen
