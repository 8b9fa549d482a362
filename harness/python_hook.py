"""Functions that a suite names: `file.py:function`, or `package.module:function`.

A suite is read and planned without running anybody's code, so what a function is made of is found
from its source: the file, and every file that it imports from its own folder or package.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadDataError, HarnessError, InputError
from harness.nearest import nearest

FORM = "Write file.py:function, from the suite's folder, or package.module:function."


@dataclass(frozen=True)
class PythonHook:
    """A function, by the file that it stands in; nothing of it has been run."""

    text: str
    """As the suite has it."""
    file: Path
    function: str
    module: str
    """The module's full name where it is imported by name; "" where it is a file."""
    root: Path
    """The folder that the file's own imports start from."""


def find_hook(text: str, folder: Path) -> PythonHook:
    """Finds the file that a suite's text names, without importing it.

    Args:
        text: `file.py:function`, or `package.module:function`.
        folder: what relative paths start from.

    Raises:
        InputError: the text has another form, there is no such file, module or function, or the
            file is no Python.
    """
    place, colon, function = text.rpartition(":")
    if not colon or not function.isidentifier() or not place:
        raise InputError(f"`{text}` names no function", FORM)
    if place.endswith(".py"):
        file = (folder / Path(place).expanduser()).absolute()
        if not file.is_file():
            raise InputError(f"there is no file {file}", FORM)
        hook = PythonHook(text, file, function, "", file.parent)
    else:
        file, root = _module_file(place)
        hook = PythonHook(text, file, function, place, root)
    names = set(_names_in(_parsed(hook.file)))
    if function not in names and "*" not in names:
        public = [name for name in names if not name.startswith("_")]
        raise InputError(f"{file} has no `{function}`", nearest(function, public))
    return hook


def hook_key(hook: PythonHook) -> str:
    """SHA-256 over the contents of the file, of what it imports from its own folder or package,
    and the function's name: where they change, what the function gives may change."""
    digest = hashlib.sha256(hook.function.encode())
    for file in hook_files(hook):
        digest.update(f"\0{file.relative_to(hook.root).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def hook_files(hook: PythonHook) -> list[Path]:
    """The file, and all that it imports from its own folder or package, sorted."""
    return sorted(_own_files(hook))


def imported_names(file: Path) -> set[str]:
    """The top-level modules that a file imports, its own among them.

    Raises:
        InputError: it cannot be read, or is no Python.
    """
    found = set()
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def load_hook(hook: PythonHook) -> Callable[..., Any]:
    """Imports the file, and gives the function.

    Raises:
        BadDataError: the file fails when it is imported, or the name is no function.
    """
    with blamed(hook, "cannot be imported"), importable(hook.root):
        if hook.module:
            module = importlib.import_module(hook.module)
        else:
            name = f"harness_hook_{hashlib.sha256(str(hook.file).encode()).hexdigest()[:12]}"
            spec = importlib.util.spec_from_file_location(name, hook.file)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
    function = getattr(module, hook.function, None)
    if not callable(function):
        raise BadDataError(f"{hook.file}: `{hook.function}` is no function", FORM)
    return function  # type: ignore[no-any-return]


@contextmanager
def blamed(
    hook: PythonHook, doing: str, error: type[HarnessError] = BadDataError
) -> Iterator[None]:
    """Turns whatever a user's code raises into a message with its file and line.

    Args:
        hook: whose code runs.
        doing: what failed, such as "cannot score example 17".
        error: what is raised in place of it.
    """
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as raised:
        raise error(
            f"{_where(hook, raised)}: {doing}: {said(raised)}", "Mend it, and run again."
        ) from None


def said(raised: BaseException) -> str:
    """An exception in a line: its type and its message."""
    text = " ".join(str(raised).split())
    return f"{type(raised).__name__}: {text[:300]}" if text else type(raised).__name__


def _where(hook: PythonHook, raised: BaseException) -> str:
    if isinstance(raised, SyntaxError) and raised.filename:
        return f"{raised.filename}:{raised.lineno}"
    frames = traceback.extract_tb(raised.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) == hook.file]
    return f"{hook.file}:{own[-1].lineno}" if own else str(hook.file)


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Puts a folder first among the places that modules come from; then last, for late imports."""
    known = str(root) in sys.path
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        if not known:
            sys.path.append(str(root))


def _module_file(name: str) -> tuple[Path, Path]:
    """The source of a module, and the folder that its top-level package lies in."""
    first, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise InputError(f"there is no Python module `{first}` here", FORM)
    origin = Path(spec.origin)
    root = origin.parent.parent if spec.submodule_search_locations else origin.parent
    file = _source(root.joinpath(first, *rest))
    if file is None:
        raise InputError(f"there is no Python module `{name}` in {root}", FORM)
    return file, root


def _source(path: Path) -> Path | None:
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _own_files(hook: PythonHook) -> set[Path]:
    """The file, and all that it imports from below its root, and these, and so on."""
    package = hook.root / hook.module.split(".")[0] if hook.module else hook.root
    found: set[Path] = set()
    open_files = [hook.file]
    while open_files:
        file = open_files.pop()
        if file in found:
            continue
        found.add(file)
        for path in _imported(file, hook.root):
            source = _source(path)
            if source is not None and (source.is_relative_to(package) or source == hook.file):
                open_files.append(source)
    return found


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """Where the modules would lie that a file imports, if they are its own."""
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            start = file.parents[node.level - 1] if node.level else root
            parts = node.module.split(".") if node.module else []
            for alias in node.names:
                yield from _with_parents(start, [*parts, alias.name])


def _with_parents(start: Path, parts: list[str]) -> Iterator[Path]:
    for length in range(1, len(parts) + 1):
        yield start.joinpath(*parts[:length])


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise InputError(f"{file}:{error.lineno}: not valid Python: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None


def _names_in(module: ast.Module) -> Iterator[str]:
    """The names that a file binds at its top level; "*" where it imports all of another's."""
    open_nodes: list[ast.AST] = [*module.body]
    while open_nodes:
        node = open_nodes.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
                continue
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.Name(ctx=ast.Store()):
                yield node.id
        open_nodes += ast.iter_child_nodes(node)
