"""The rooms of `harness/`, which may import which, and what keeps each concept in one home.

The tables of known exceptions are debts: what is mended has to be struck out of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOUNDATIONS = {
    "appended", "capabilities", "concealed", "disk", "doubts", "errors", "files", "finetuning", "home", "interpreter", "locks", "marks",
    "money", "nearest", "parent", "python_hook", "quantities", "sandbox", "sealed", "software", "starter",
    "version", "words",
}  # fmt: skip
"""Single modules, and the starter's folder, that every room may import; they import no room."""
MAY_IMPORT = {
    "__init__": {"api"},
    "__main__": {"cli"},
    "cli": {
        "analysis", "assignment", "chat", "data", "deploying", "estimate", "executors", "exports", "hub", "leaderboard", "models", "plan",
        "publish", "records", "reporting", "results", "runner", "shards", "stores", "suite",
    },
    "shards": {"estimate", "plan", "records", "results", "runner", "suite"},
    "deploying": {"engines", "models", "plan", "publish", "records", "reporting", "runner", "suite"},
    "chat": {
        "engines", "estimate", "metrics", "plan", "records", "reporting", "results", "runner", "suite",
        "tasks",
    },
    "api": {"records", "reporting", "results", "runner"},
    "assignment": {"analysis", "records", "reporting", "results", "suite"},
    "publish": {"exports", "hub", "leaderboard", "records", "reporting", "suite"},
    "exports": {"data", "metrics", "records", "reporting", "results", "suite"},
    "executors": {
        "data", "estimate", "models", "plan", "records", "results", "runner", "stores", "suite",
    },
    "estimate": {
        "data", "engines", "hub", "models", "plan", "results", "runner", "serving", "suite", "tasks",
    },
    "runner": {
        "analysis", "data", "engines", "hub", "metrics", "models", "plan", "records", "resolve",
        "results", "serving", "stores", "suite", "tasks",
    },
    "resolve": {"data", "engines", "hub", "metrics", "models", "plan", "records", "serving", "suite"},
    "serving": {"engines", "models"},
    "leaderboard": {"analysis", "metrics", "records", "reporting", "results", "suite"},
    "reporting": {"analysis", "metrics", "probes", "records", "suite"},
    "results": {"analysis", "metrics", "plan", "records", "suite"},
    "analysis": {"metrics", "records", "suite"},
    "models": {"engines", "metrics", "records"},
    "tasks": {"data", "engines", "metrics", "probes", "records", "suite"},
    "engines": set(),
    "stores": set(),
    "data": {"hub"},
    "hub": set(),
    "metrics": {"probes", "records", "suite"},
    "plan": {"records", "suite"},
    "records": {"suite"},
    "suite": {"probes"},
    "probes": set(),
}  # fmt: skip
"""From top to bottom: each room, and the rooms below it that it may import beside the foundations."""
LIGHT = {
    "suite", "plan", "records", "analysis", "assignment", "exports", "leaderboard", "reporting",
    "results",
}  # fmt: skip
"""Rooms that know neither torch nor llama.cpp."""
HEAVY = {"torch", "transformers", "peft", "bitsandbytes", "llama_cpp"}
MOST_LINES = 300


@cache
def modules() -> dict[str, Path]:
    """Every module of `harness/` by its full name."""
    found = {}
    for file in sorted((ROOT / "harness").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of what a module imports, in functions too; not what only type checkers import."""
    open_nodes: list[ast.AST] = [tree]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            open_nodes += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        open_nodes += ast.iter_child_nodes(node)


@cache
def graph() -> dict[str, frozenset[str]]:
    """By module: the modules of `harness/` that it imports."""
    found = {}
    for name, file in modules().items():
        of = set()
        for full in imported(ast.parse(file.read_text(encoding="utf-8"))):
            module = full if full in modules() else full.rpartition(".")[0]
            if module in modules() and module != name:
                of.add(module)
        found[name] = frozenset(of)
    return found


def room(module: str) -> str:
    """The room of a module, or the module itself where it stands in none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_no_module_imports_itself_through_others() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' <- '.join(error.args[1])}") from None


def test_every_room_imports_only_what_the_table_allows() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if room(other) not in {room(module), *FOUNDATIONS, *MAY_IMPORT.get(room(module), ())}
    ]
    assert not wrong


def test_the_table_goes_down_and_holds_nothing_idle() -> None:
    order = list(MAY_IMPORT)
    for position, (name, below) in enumerate(MAY_IMPORT.items()):
        assert below <= set(order[position + 1 :]), f"{name} may import what stands above it"
    assert {room(module) for module in modules()} == {*MAY_IMPORT, *FOUNDATIONS}
    used = {(room(module), room(other)) for module, others in graph().items() for other in others}
    idle = [(a, b) for a, below in MAY_IMPORT.items() for b in below if (a, b) not in used]
    assert not idle, "strike what no module needs any more"


def test_rooms_that_read_and_judge_know_neither_torch_nor_llama_cpp() -> None:
    wrong = [
        f"{name} imports {full}"
        for name, file in modules().items()
        if room(name) in LIGHT
        for full in imported(ast.parse(file.read_text(encoding="utf-8")))
        if full.split(".")[0] in HEAVY
    ]
    assert not wrong


def test_no_file_is_long() -> None:
    long = {
        str(file.relative_to(ROOT))
        for file in modules().values()
        if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert not long


def asks_for_a_task_class(tree: ast.Module) -> bool:
    """Whether a module tells types of tasks apart by their classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.MatchClass):
            of: ast.AST = node.cls
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            of = node.args[1]
        else:
            continue
        names = (n.id for n in ast.walk(of) if isinstance(n, ast.Name))
        if any(name.endswith("Task") for name in names):
            return True
    return False


def test_only_the_schema_asks_for_a_tasks_class() -> None:
    asking = {
        str(file.relative_to(ROOT))
        for name, file in modules().items()
        if not name.startswith("harness.suite.schema")
        and asks_for_a_task_class(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert not asking


def test_imports_within_functions_count_and_those_for_type_checkers_do_not() -> None:
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import harness.plan.graph\n"
        "def late():\n    from harness.hub import client\n"
    )
    assert set(imported(ast.parse(source))) == {"typing.TYPE_CHECKING", "harness.hub.client"}
