"""Functions that a suite names, found without running them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import BadDataError, InputError
from harness.python_hook import PythonHook, blamed, find_hook, hook_key, load_hook


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_function_is_found_by_its_file_and_called(tmp_path: Path) -> None:
    written(tmp_path, "mine.py", "def twice(x):\n    return 2 * x\n")
    assert load_hook(find_hook("mine.py:twice", tmp_path))(21) == 42


def test_a_function_is_found_by_its_module(tmp_path: Path) -> None:
    hook = find_hook("json.decoder:py_scanstring", tmp_path)
    assert hook.file.name == "decoder.py"
    assert callable(load_hook(hook))


def test_finding_a_function_does_not_run_its_file(tmp_path: Path) -> None:
    written(tmp_path, "mine.py", "raise SystemExit('it ran')\ndef score(): ...\n")
    hook = find_hook("mine.py:score", tmp_path)
    assert hook_key(hook)
    with pytest.raises(BadDataError, match=r"mine\.py:1: cannot be imported: SystemExit: it ran"):
        load_hook(hook)


def test_a_file_imports_what_lies_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "helpers_of_mine.py", "FACTOR = 3\n")
    written(
        tmp_path,
        "mine.py",
        "from helpers_of_mine import FACTOR\ndef by(x):\n    return FACTOR * x\n",
    )
    before = list(sys.path)
    assert load_hook(find_hook("mine.py:by", tmp_path))(2) == 6
    assert sys.path[: len(before)] == before


def test_a_function_may_import_its_neighbours_when_it_is_called(tmp_path: Path) -> None:
    written(tmp_path, "late_helper.py", "FACTOR = 5\n")
    written(
        tmp_path,
        "mine.py",
        "def by(x):\n    from late_helper import FACTOR\n    return FACTOR * x\n",
    )
    assert load_hook(find_hook("mine.py:by", tmp_path))(2) == 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mine.py", "names no function"),
        ("mine.py:", "names no function"),
        ("mine.py:not a name", "names no function"),
        ("other.py:score", "there is no file .*other.py"),
        ("mine.py:scor", "has no `scor`"),
        ("mine.py:inner", "has no `inner`"),
        ("broken.py:score", r"broken\.py:2: not valid Python"),
        ("no_such_module_here:score", "there is no Python module `no_such_module_here`"),
        ("json.nothing:score", r"there is no Python module `json\.nothing`"),
    ],
)
def test_what_names_no_function_is_told(tmp_path: Path, text: str, says: str) -> None:
    written(tmp_path, "mine.py", "def score(a, b):\n    inner = 1\n    return inner\n")
    written(tmp_path, "broken.py", "x = 1\ndef score(:\n")
    with pytest.raises(InputError, match=says):
        find_hook(text, tmp_path)


def test_a_name_nearly_right_is_told_the_right_one(tmp_path: Path) -> None:
    written(tmp_path, "mine.py", "def score(a, b): ...\n")
    with pytest.raises(InputError) as caught:
        find_hook("mine.py:scor", tmp_path)
    assert "Did you mean `score`?" in caught.value.hint


@pytest.mark.parametrize("changed", ["mine.py", "beside.py", "package/deep.py"])
def test_the_key_changes_with_all_that_the_file_imports(tmp_path: Path, changed: str) -> None:
    written(tmp_path, "mine.py", "import beside, os\nfrom package import deep\ndef score(): ...\n")
    written(tmp_path, "beside.py", "A = 1\n")
    written(tmp_path, "package/__init__.py", "")
    written(tmp_path, "package/deep.py", "from . import further\n")
    written(tmp_path, "package/further.py", "")
    written(tmp_path, "unrelated.py", "B = 1\n")
    hook = find_hook("mine.py:score", tmp_path)
    before = hook_key(hook)
    written(tmp_path, "unrelated.py", "B = 2\n")
    assert hook_key(hook) == before
    file = tmp_path / changed
    file.write_text(file.read_text() + "C = 1\n")
    assert hook_key(hook) != before


def test_the_key_does_not_say_where_the_file_lies(tmp_path: Path) -> None:
    keys = set()
    for folder in ("one", "two"):
        written(tmp_path / folder, "mine.py", "def score(): ...\n")
        keys.add(hook_key(find_hook("mine.py:score", tmp_path / folder)))
    assert len(keys) == 1


def test_what_a_function_raises_is_told_with_file_and_line(tmp_path: Path) -> None:
    written(tmp_path, "mine.py", "import json\n\ndef score(text):\n    return json.loads(text)\n")
    hook = find_hook("mine.py:score", tmp_path)
    function = load_hook(hook)
    with pytest.raises(BadDataError) as caught, blamed(hook, "cannot score example 7"):
        function("{")
    assert caught.value.message.startswith(
        f"{tmp_path / 'mine.py'}:4: cannot score example 7: JSONDecodeError: "
    )


def test_a_name_that_is_no_function_is_told(tmp_path: Path) -> None:
    written(tmp_path, "mine.py", "score = 3\n")
    with pytest.raises(BadDataError, match="`score` is no function"):
        load_hook(find_hook("mine.py:score", tmp_path))


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    functions = []
    for number, folder in enumerate(("one", "two")):
        written(tmp_path / folder, "mine.py", f"def score():\n    return {number}\n")
        hook: PythonHook = find_hook("mine.py:score", tmp_path / folder)
        functions.append(load_hook(hook))
    assert [function() for function in functions] == [0, 1]
