"""Nothing that is read runs: no pickle, no YAML tag, no code that comes with files, unless the suite names it."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from harness.assignment.criteria import read_criteria
from harness.data.tables import read_table
from harness.errors import HarnessError
from harness.runner.known import known
from harness.suite.reader import read_suite

ROOT = Path(__file__).parents[1] / "harness"
RUNS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "pickle.Unpickler",
    "joblib.load", "dill.load", "dill.loads", "cloudpickle.load", "shelve.open", "marshal.load", "marshal.loads",
    "pd.read_pickle", "pandas.read_pickle", "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load",
    "yaml.Loader", "yaml.FullLoader", "yaml.UnsafeLoader", "zipfile.ZipFile.extractall", "shutil.unpack_archive",
}  # fmt: skip
"""Calls that run what they read, or that put files where an archive says."""
NAMED = {
    (
        "sandbox.py",
        "pickle.loads",
    ): "a pipe from a copy of this process, which a template cannot reach",
}
"""What may, and why."""
REMOTE = {"trust_remote_code", "allow_pickle", "weights_only", "shell"}


def called(node: ast.Call) -> str:
    """`module.function` of a call, as it is written."""
    return ast.unparse(node.func)


def calls() -> Iterator[tuple[str, ast.Call]]:
    """All calls of the harness, with their files."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield file.relative_to(ROOT).as_posix(), node


def test_no_call_runs_what_it_reads() -> None:
    found = {(file, called(node)) for file, node in calls() if called(node) in RUNS}
    found |= {
        (file, "extractall") for file, node in calls() if called(node).endswith(".extractall")
    }
    assert found == NAMED.keys(), "strike what no module needs any more"


def test_torch_reads_weights_alone_numpy_no_objects_and_no_shell_is_asked() -> None:
    wrong = []
    for file, node in calls():
        given = {of.arg: ast.unparse(of.value) for of in node.keywords if of.arg in REMOTE}
        if called(node) == "torch.load" and given.get("weights_only") != "True":
            wrong.append((file, "torch.load without weights_only=True"))
        wrong += [
            (file, f"{key}={given[key]}")
            for key, bad in (
                ("trust_remote_code", "True"),
                ("allow_pickle", "True"),
                ("shell", "True"),
            )
            if given.get(key) == bad
        ]
        if (
            called(node).endswith("load_dataset")
            and given.get("trust_remote_code", "False") != "False"
        ):
            wrong.append((file, "load_dataset with code"))
    assert wrong == []


class Runs:
    """A pickle of it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


def suite(folder: Path, text: str) -> Path:
    file = folder / "suite.yaml"
    file.write_text(text)
    return file


TAGS = [
    "!!python/object/apply:os.system ['touch {ran}']", "!!python/object/new:os.system ['touch {ran}']",
    "!!python/name:os.system", "!!python/module:os", "!!python/object/apply:subprocess.run [[touch, '{ran}']]",
    "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch {ran}']",
]  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("place", ["name: {tag}", "name: x\nmodels: {{a: {tag}}}", "? {tag}\n: x"])
def test_a_yaml_tag_runs_nothing(tag: str, place: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    file = suite(tmp_path, place.format(tag=tag.format(ran=ran)) + "\n")
    with pytest.raises(HarnessError) as caught:
        read_suite(file, known())
    assert caught.value.exit_code == 2 and not ran.exists()


@pytest.mark.parametrize("tag", TAGS)
def test_a_yaml_tag_in_a_template_of_an_assignment_runs_nothing(tag: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    text = f"criteria: {tag.format(ran=ran)}\n"
    with suppress(HarnessError):  # a tag on nothing is no criterion, and no mistake either
        read_criteria(text, "criteria.yaml", (), ())
    assert not ran.exists()


@pytest.mark.parametrize(
    "name", ["data.csv", "data.jsonl", "data.json", "data.parquet", "data.tsv"]
)
@pytest.mark.parametrize("kind", ["pickle", "numpy"])
def test_a_pickle_under_another_name_runs_nothing(name: str, kind: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    bomb = pickle.dumps(Runs(ran))
    if kind == "numpy":
        np.save(tmp_path / "a.npy", np.array([Runs(ran)], dtype=object), allow_pickle=True)
        bomb = (tmp_path / "a.npy").read_bytes()
    (tmp_path / name).write_bytes(bomb)
    with pytest.raises(HarnessError):
        read_table(tmp_path / name)
    assert not ran.exists()
    pickle.loads(pickle.dumps(Runs(ran)))
    assert ran.exists(), "it would have been seen"


def test_no_command_writes_to_a_console_that_lets_texts_steer_the_terminal() -> None:
    found = {file for file, node in calls() if called(node).rpartition(".")[2] == "Console"}
    assert found == set(), "harness.cli.consoles has those that do not"
