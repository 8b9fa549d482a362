"""Data sets that a user's function gives: what counts as one, what makes its key, whose fault it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.data.opening import open_data
from harness.errors import InputError
from harness.plan.params import PromptsParams
from harness.runner.run import Options, Prepared, prepare, run
from harness.runner.walk import Quiet
from harness.suite.problems import SuiteError

SUITE = """\
name: mine
forgetting: false
defaults: {limit: 4}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [teams], limit: 4, epochs: 1}}
tasks:
  teams: {type: classify, dataset: {python: "my_data.py:load"%s}}
"""
CODE = """\
from teams import TEAMS

def rows(start, stop):
    for n in range(start, stop):
        yield {"prompt": f"Question {n}, about {TEAMS[n % 2]}. Team:", "target": TEAMS[n % 2]}

def load():
    print("reading")
    return {"train": rows(0, 20), "test": list(rows(16, 26))}
"""
TEAMS = 'TEAMS = ("billing", "delivery")\n'


def write_code(folder: Path, code: str = CODE) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "my_data.py").write_text(code)
    (folder / "teams.py").write_text(TEAMS)


def ready(folder: Path, more: str = "", home: Path | None = None) -> Prepared:
    (folder / "suite.yaml").write_text(SUITE % more)
    return prepare(
        folder / "suite.yaml", Options(results=folder / "results", home=home or folder / "home")
    )


def key(prepared: Prepared) -> str:
    (found,) = [step.key for step in prepared.plan.steps.values() if step.kind == "prompts"]
    return found


@pytest.mark.usefixtures("forked")
def test_rows_of_a_function_are_asked_and_learned_and_splits_do_not_leak(tmp_path: Path) -> None:
    write_code(tmp_path)
    prepared = ready(tmp_path)
    (step,) = [step for step in prepared.plan.steps.values() if step.kind == "prompts"]
    dataset = open_data(prepared.artifacts.places.data[step.given(PromptsParams).contents]).read()
    assert (len(dataset.train), len(dataset.test)) == (16, 10), "4 train rows are tested"
    assert dataset.labels == ("billing", "delivery")
    (tmp_path / "my_data.py").unlink()  # workers read what was written
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    summary = run(prepared, options, Quiet(), []).summary
    assert [cell.status for cell in summary.cells] == ["ok", "ok"]
    assert summary.tasks["teams"].description.endswith("my_data.py:load")


def test_code_and_rows_make_the_key_and_places_do_not(tmp_path: Path) -> None:
    write_code(tmp_path / "a")
    write_code(tmp_path / "b")
    first = key(ready(tmp_path / "a"))
    assert key(ready(tmp_path / "b")) == first
    assert key(ready(tmp_path / "b", ", labels: [billing, delivery, other]")) != first
    write_code(tmp_path / "b", CODE.replace('"reading"', '"reading on"'))
    assert key(ready(tmp_path / "b")) != first, "other code"
    rows = CODE.replace("from teams", "from pathlib import Path\nfrom teams").replace(
        "(16, 26)", '(16, int((Path(__file__).parent / "until").read_text()))'
    )
    write_code(tmp_path / "a", rows)
    (tmp_path / "a" / "until").write_text("26")
    until = key(ready(tmp_path / "a"))
    (tmp_path / "a" / "until").write_text("27")
    assert key(ready(tmp_path / "a")) != until, "the same code, other rows"


def test_a_row_may_say_text_and_have_an_id_and_a_number_as_target(tmp_path: Path) -> None:
    write_code(
        tmp_path,
        "def load():\n"
        "    return {'train': [{'text': 'a', 'target': 0}, {'text': 'b', 'target': 1, 'id': None}],\n"
        "            'validation': [{'text': 'd', 'target': 1}],\n"
        "            'test': ({'text': '{{ c }}', 'target': 1, 'id': 7} for _ in range(1))}\n",
    )
    prepared = ready(tmp_path, ", labels: {'0': bad, '1': good}")
    (step,) = [step for step in prepared.plan.steps.values() if step.kind == "prompts"]
    dataset = open_data(prepared.artifacts.places.data[step.given(PromptsParams).contents]).read()
    (test,) = dataset.test
    assert (test.id, test.text, test.target) == ("7", "{{ c }}", "good")
    assert [example.target for example in dataset.validation] == ["good"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def load():\n    return 1 / 0\n", r"my_data\.py:2: `load` failed: ZeroDivisionError"),
        (
            "def rows():\n    yield {'prompt': 'a', 'target': 'b'}\n    raise KeyError('x')\n"
            "def load():\n    return {'train': rows(), 'test': rows()}\n",
            r"my_data\.py:3: `train` failed behind row 1: KeyError: 'x'",
        ),
        ("import nothing_like_it\ndef load():\n    pass\n", r"my_data\.py:1: cannot be imported"),
        ("def load():\n    raise SystemExit(3)\n", r"my_data\.py:2: `load` failed: SystemExit: 3"),
        ("import os\ndef load():\n    os._exit(9)\n", r"ended its process \(exit code 9\)"),
        ("def load():\n    return [1]\n", "gave a list, and no mapping of parts"),
        ("def load():\n    return {'train': []}\n", "gave no `test`"),
        ("def load():\n    return {'dev': []}\n", "gave a part `dev`, which is none"),
        ("def load():\n    return {'train': 'abc', 'test': []}\n", "`train` is a str, and no"),
        ("def load():\n    return {'train': [], 'test': []}\n", "`train` has no rows"),
        ("def load():\n    return {'train': [3], 'test': []}\n", "row 1 of `train` is an int"),
        (
            "def load():\n    return {'train': [{'q': 'a', 'target': 'b'}], 'test': []}\n",
            r"row 1 of `train` has no `prompt` \(or `text`\), only q, target",
        ),
        (
            "def load():\n    return {'train': [{'prompt': 'a', 'target': None}], 'test': []}\n",
            "`target` of row 1 of `train` is None, and no text",
        ),
    ],
)
def test_what_is_wrong_with_a_function_is_said_with_its_place(
    code: str, said: str, tmp_path: Path
) -> None:
    write_code(tmp_path, code)
    with pytest.raises(InputError, match=said) as raised:
        ready(tmp_path)
    assert raised.value.exit_code == 2 and str(tmp_path) in raised.value.message
    left = tmp_path / "home" / "data" / "python"
    assert list(left.iterdir()) == [], "nothing half written stays"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def lod():\n    pass\n", "has no `load`"),
        ("def load(:\n", r"my_data\.py:1: not valid Python"),
        (None, "there is no file"),
    ],
)
def test_a_function_that_is_not_there_is_a_mistake_of_the_suite(
    code: str | None, said: str, tmp_path: Path
) -> None:
    if code is not None:
        write_code(tmp_path, code)
    with pytest.raises(SuiteError, match=said) as raised:
        ready(tmp_path)
    assert "suite.yaml:8:" in str(raised.value)


def test_rows_are_written_anew_where_someone_cleared_them_away(tmp_path: Path) -> None:
    write_code(tmp_path)
    before = key(ready(tmp_path))
    shutil.rmtree(tmp_path / "home" / "data")
    assert key(ready(tmp_path)) == before
