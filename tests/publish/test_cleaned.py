"""Nothing of the machine is published: every byte is looked through."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.publish.cleaned import Machine, clean_text, cleaned, refuse_leaks
from harness.publish.making import MAKERS, make_publication
from harness.publish.publication import Kind
from tests.exports.made_results import write_results
from tests.publish.secret_machine import HOME, MACHINE, SECRETS, secret_machine, telling
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures

__all__ = ["secret_machine"]


def readable(path: str, data: bytes) -> str:
    """A file's contents as text; of Parquet its rows, which are compressed."""
    if path.endswith(".parquet"):
        return str(pq.read_table(io.BytesIO(data)).to_pylist())
    return data.decode("utf-8")


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"eval-results"}))
def test_no_byte_that_is_published_tells_of_the_machine(
    tmp_path: Path, secret_machine: Machine, kind: Kind
) -> None:
    folder = write_results(tmp_path, telling(with_failures()))
    made = make_publication(folder, kind, "lora-q4")
    told = " ".join(readable(path, data) for path, data in made.files.items())
    told += " ".join((*made.files, *made.refusals, *made.warnings))
    for secret in SECRETS:
        assert secret not in told, secret
    assert "tiny" in told  # the last part of a path stays
    assert "x.yaml" in told and "m.gguf" in told


def test_what_is_clean_stays_as_it_is() -> None:
    assert cleaned(quickstart(), MACHINE) == quickstart()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"{HOME}/a/b.yaml: no", "b.yaml: no"),
        (f"in {HOME}.", "in ~."),
        (f"{HOME}s", f"{HOME}s".rsplit("/", 1)[-1]),
        ("https://example.org/a/b.html", "https://example.org/a/b.html"),
        ("and/or, 3/4, org/name", "and/or, 3/4, org/name"),
        ("/tmp/x/model.safetensors", "model.safetensors"),
        ("(C:\\Users\\me\\model.bin)", "(model.bin)"),
        ("file:///srv/a/b.gguf", "b.gguf"),
        ("./models/tiny and ../data/x", "./models/tiny and ../data/x"),
        ("on heartofgold-7, not heartofgold-77", "on [name], not heartofgold-77"),
    ],
)
def test_of_a_path_its_last_part_is_left(said: str, left: str) -> None:
    assert clean_text(said, HOME, ["heartofgold-7"]) == left


@given(st.text(alphabet="ab/\\:~. zC'\"\n", max_size=40))
def test_the_home_folder_never_stays(text: str) -> None:
    whole = clean_text(f"{text}{HOME}/{text}", HOME, [])
    assert not re.search(re.escape(HOME) + r"[/\\]", whole)


def test_a_name_that_the_suite_gives_is_meant_to_be_read() -> None:
    machine = Machine("/home/lora", ("lora",), None)
    assert cleaned(quickstart(), machine) == quickstart()


@pytest.mark.parametrize(
    "held", [f"{HOME}/x", MACHINE.token or "", "hf_" + "abcdefghijklmnopqrstuvwxyz"]
)
def test_a_leak_that_cleaning_missed_is_refused(held: str) -> None:
    with pytest.raises(InputError, match=r"data\.txt holds"):
        refuse_leaks({"data.txt": f"so {held} it".encode()}, MACHINE)
