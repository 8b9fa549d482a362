"""Known data sets from the stand-in for the Hub: which files, where they lie, and what goes wrong.

What each refusal of the Hub means is told in `tests/hub/test_errors.py`.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from harness.data.catalog import PHRASEBANK, SAMSUM
from harness.data.fetching import choose_files, fetch, fetched_folder, read_origin
from harness.data.inventory import get_data
from harness.data.loading import load
from harness.errors import (
    BadDataError,
    GatedRepoError,
    HubError,
    HubServerError,
    InterruptedDownloadError,
    MissingRepoError,
    NoSpaceError,
    OfflineError,
)
from tests.data.copies import SENTENCES, samsum_rows, write
from tests.data.test_phrasebank import COPIES
from tests.data.test_samsum import as_csv
from tests.hub.hub_client import TOKEN, hub, point_at, waits
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["hub", "waits"]

ROWS = samsum_rows()
SAMSUM_REPO = "datasets/knkarthick/samsum"
SAMSUM_FILES = {
    "README.md": b"",
    "train.csv": as_csv(ROWS[:1]),
    "validation.csv": as_csv(ROWS[1:2]),
    "test.csv": as_csv(ROWS[2:]),
}
PHRASEBANK_FILES = {
    "README.md": b"",
    "financial_phrasebank.py": b"raise SystemExit('scripts are never run')",
    "data/FinancialPhraseBank-v1.0.zip": COPIES["release.zip"],
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))
    monkeypatch.delenv("HARNESS_DATA", raising=False)


def test_phrasebanks_zip_is_fetched_once_and_read(hub: HubStandIn, tmp_path: Path) -> None:
    commit = hub.commit("datasets/takala/financial_phrasebank", PHRASEBANK_FILES)
    for _ in range(2):
        loaded = load("financial_phrasebank", options={"agreement": 50})
        examples = (*loaded.dataset.train, *loaded.dataset.test)
        assert {(e.text, e.target) for e in examples} == set(SENTENCES)
        bodies = hub.bodies()
        asked = list(hub.requests)
        hub.requests.clear()
    assert asked == [] and bodies == []
    assert any(commit in note for note in loaded.reading.notes)
    folder = fetched_folder("financial_phrasebank", tmp_path)
    assert sorted(file.name for file in folder.iterdir()) == [
        "FinancialPhraseBank-v1.0.zip",
        "source.json",
    ]


def test_samsums_parts_are_fetched_and_read(hub: HubStandIn, tmp_path: Path) -> None:
    commit = hub.commit(SAMSUM_REPO, SAMSUM_FILES)
    reading = get_data("samsum")
    assert reading.read == {"train": 1, "validation": 1, "test": 1}
    origin = read_origin("samsum", tmp_path)
    assert origin is not None and origin.revision == commit
    assert sorted(origin.files) == ["test.csv", "train.csv", "validation.csv"]
    assert len(hub.bodies()) == 3


def test_again_asks_again_and_takes_what_is_new(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(SAMSUM_REPO, SAMSUM_FILES)
    get_data("samsum")
    newer = hub.commit(SAMSUM_REPO, SAMSUM_FILES | {"train.csv": as_csv(ROWS[:2])})
    hub.requests.clear()
    get_data("samsum")
    assert hub.requests == []
    reading = get_data("samsum", again=True)
    assert reading.read["train"] == 2
    origin = read_origin("samsum", tmp_path)
    assert origin is not None and origin.revision == newer


def test_again_restores_what_was_changed_here(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(SAMSUM_REPO, SAMSUM_FILES)
    get_data("samsum")
    write(fetched_folder("samsum", tmp_path) / "train.csv", as_csv(ROWS[:2]))
    with pytest.raises(BadDataError, match=r"train\.csv: wrong checksum"):
        load("samsum")
    assert get_data("samsum", again=True).read["train"] == 1


def test_a_folder_that_is_named_keeps_away_from_the_network(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    with pytest.raises(BadDataError, match="no files of samsum"):
        load("samsum", tmp_path)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(BadDataError, match="no files of samsum"):
        load("samsum")
    assert hub.requests == []


def test_without_leave_nothing_is_fetched(hub: HubStandIn, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="not here") as raised:
        load("samsum", may_fetch=False)
    assert "harness data get samsum" in raised.value.hint
    assert hub.requests == []


def test_files_put_by_hand_are_read_and_never_replaced(hub: HubStandIn, tmp_path: Path) -> None:
    folder = fetched_folder("samsum", tmp_path)
    for part, rows in (("train", ROWS[:1]), ("test", ROWS[2:])):
        write(folder / f"{part}.csv", as_csv(rows))
    assert get_data("samsum").read == {"train": 1, "test": 1}
    assert hub.requests == []
    with pytest.raises(BadDataError, match="not fetched, which are left as they are"):
        get_data("samsum", again=True)
    assert (folder / "train.csv").exists()


@pytest.mark.parametrize(
    ("there", "gated", "status", "kind"),
    [
        (True, True, 0, GatedRepoError),
        (False, False, 0, MissingRepoError),
        (True, False, 418, HubServerError),
    ],
)
def test_each_refusal_keeps_its_kind_and_says_what_to_put_where(
    there: bool,
    gated: bool,
    status: int,
    kind: type[HubError],
    hub: HubStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens.add(TOKEN)
    hub.echo_token = True
    if there:
        hub.commit(SAMSUM_REPO, SAMSUM_FILES, gated=gated)
    hub.fail("/revision/", Fault("", times=1 if status else 0, status=status))
    with pytest.raises(kind, match=r"^samsum: cannot be fetched: .*knkarthick/samsum") as raised:
        fetch(SAMSUM, tmp_path)
    assert "corpus.7z" in raised.value.hint and "HARNESS_DATA" in raised.value.hint
    assert TOKEN not in f"{raised.value.message}{raised.value.hint}"
    assert not fetched_folder("samsum", tmp_path).exists()


def test_what_arrived_before_a_connection_broke_is_not_fetched_again(
    hub: HubStandIn, tmp_path: Path, waits: list[float]
) -> None:
    hub.commit("datasets/takala/financial_phrasebank", PHRASEBANK_FILES)
    size = len(PHRASEBANK_FILES["data/FinancialPhraseBank-v1.0.zip"])
    hub.fail("/store/", Fault("", times=1, cut_after=size // 2))
    hub.fail("/store/", Fault("", times=9, cut_after=0))
    with pytest.raises(InterruptedDownloadError, match="broke off after"):
        fetch(PHRASEBANK, tmp_path)
    assert [entry.name for entry in (tmp_path / "data").iterdir()] == ["financial_phrasebank.lock"]
    hub.faults.clear()
    hub.requests.clear()
    assert set(fetch(PHRASEBANK, tmp_path).files) == {"FinancialPhraseBank-v1.0.zip"}
    (body,) = [seen for seen in hub.requests if seen.cdn]
    assert body.headers["range"] == f"bytes={size // 2}-"


def test_a_hub_that_does_not_answer_is_said(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at("http://127.0.0.1:9", tmp_path / "hf", monkeypatch)
    with pytest.raises(OfflineError, match=r"samsum: cannot be fetched: The Hub \(127") as raised:
        fetch(SAMSUM, tmp_path)
    assert "fetch the data set on another machine" in raised.value.hint


def test_offline_is_said(monkeypatch: pytest.MonkeyPatch, hub: HubStandIn, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineError, match="HF_HUB_OFFLINE forbids"):
        fetch(PHRASEBANK, tmp_path)


def test_a_repository_without_the_files_is_said(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(SAMSUM_REPO, {"README.md": b""})
    with pytest.raises(BadDataError, match="no longer holds its files"):
        fetch(SAMSUM, tmp_path)


def test_a_full_disk_is_said_and_leaves_nothing(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hub.commit(SAMSUM_REPO, SAMSUM_FILES)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        with pytest.raises(NoSpaceError, match="No space was left on the disk"):
            fetch(SAMSUM, tmp_path)
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
