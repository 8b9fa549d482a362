"""Jinja for templates that strangers wrote: no attribute of Python's, no text of any length, no loop without end.

Prompts of data sets, chat templates and reports of assignments are templates, and all travel with what others
made. What a template may write is measured; how long it may take, and how much memory, only a process that can
be ended keeps to: `bounded` makes one, a copy of this one, which is cheap enough for a table's rows at once.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from mmap import mmap
from threading import current_thread, main_thread
from typing import Any, TypeVar

from jinja2 import Template, TemplateError, meta, nodes
from jinja2.compiler import CodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 10_000_000
"""The most characters of a rendered text, and of any text or number a template multiplies up to."""
SECONDS = 2
"""Of a processor, that a template has for one text."""
MEMORY = 1 << 30
"""Bytes that may come to what the process has already."""

T = TypeVar("T")

FAILURES = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
"""What a template can fail with."""
_WIDENING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map"})


class _NothingWorkedOut(CodeGenerator):
    """Leaves constants as they are: to work them out while compiling is to run the template without bounds."""

    def visit_EvalContextModifier(self, node: nodes.EvalContextModifier, frame: Any) -> None:
        self.fail("autoescape cannot be set here", node.lineno)

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which a template sees what it is given, and Jinja's own filters."""

    intercepted_binops = frozenset({"*", "**", "%"})
    code_generator_class = _NothingWorkedOut

    def __init__(self, **settings: Any) -> None:
        """Args:
        settings: Jinja's own.
        """
        super().__init__(**settings, optimized=False)
        for name in ("center", "format"):
            del self.filters[name]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may use it: not a method that makes a text as long as a number says."""
        if isinstance(obj, (str, bytes)) and attr in _WIDENING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculates, unless what comes out would be without measure."""
        if operator == "%" and isinstance(left, (str, bytes)):
            raise TypeError("texts are not formatted with %; write {{ a }} {{ b }}")
        if _result_size(operator, left, right) > MAX_CHARACTERS:
            raise OverflowError("the result is too large")
        return super().call_binop(context, operator, left, right)


class _Names(_NothingWorkedOut, meta.TrackingCodeGenerator):
    """Notes the names that a template reads; Jinja's own way works constants out meanwhile."""


def names_read(environment: Sandbox, source: str) -> frozenset[str]:
    """The names that a template reads and does not set itself.

    Raises:
        TemplateSyntaxError: it is no template.
    """
    names = _Names(environment)
    names.optimizer = None  # it works constants out, however large
    names.visit(environment.parse(source))
    return frozenset(names.undeclared_identifiers)


class OutOfBoundsError(OverflowError):
    """What ran in `bounded` took too long, or too much memory; `at` is the last place that it marked."""

    def __init__(self, said: str, at: int) -> None:
        super().__init__(said)
        self.at = at


def bounded(work: Callable[[Callable[[int], None]], T], seconds: int = SECONDS) -> T:
    """What some work gives, done in a copy of this process that is ended where it goes beyond bounds.

    Where processes cannot be copied (Windows) it is done here, without bounds. A copy that was killed from outside is
    tried once more.

    Args:
        work: is given a function that marks where it is, by a number.
        seconds: of a processor, so that a busy machine ends nothing.

    Raises:
        OutOfBoundsError: it took longer, or `MEMORY` more than there was.
        Whatever the work raises.
    """
    if sys.platform == "win32":
        return work(lambda at: None)
    place = mmap(-1, 8)
    status, told = _in_a_copy(work, seconds, place)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        # Its own bounds end it in other ways: someone else did, or a machine without memory.
        status, told = _in_a_copy(work, seconds, place)
    if status != 0:
        said = f"it takes more than {seconds} s of a processor, or {MEMORY >> 30} GiB of memory"
        raise OutOfBoundsError(said, int.from_bytes(place[:8], "little"))
    done, found = pickle.loads(told)  # written by ourselves: a template cannot reach the pipe
    if not done:
        raise found
    return found  # type: ignore[no-any-return]


def _in_a_copy(
    work: Callable[[Callable[[int], None]], object], seconds: int, place: mmap
) -> tuple[int, bytes]:
    """How a copy of this process ended that did the work, as `os.waitpid` tells it, and what it told."""

    def mark(at: int) -> None:
        place[:8] = at.to_bytes(8, "little")

    receiving, sending = os.pipe()
    process = os.fork()
    if process == 0:  # pragma: no cover
        os.close(receiving)
        _work_and_leave(work, mark, seconds, sending)
    os.close(sending)
    try:
        with os.fdopen(receiving, "rb") as stream:
            told = stream.read()
    except BaseException:
        os.kill(process, signal.SIGKILL)
        raise
    finally:
        status = os.waitpid(process, 0)[1]
    return status, told


@contextmanager
def interrupted_after(seconds: float = SECONDS) -> Iterator[None]:
    """Ends a loop of a template within this process, for what has been tried in `bounded` on something alike.

    Works in the main thread, where signals are heard; memory and single calls have no bounds here.

    Args:
        seconds: of a processor, in Python or in what it calls.

    Raises:
        OutOfBoundsError: it took longer.
    """
    if sys.platform == "win32" or current_thread() is not main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise OutOfBoundsError(f"it takes more than {seconds:g} s of a processor", 0)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _work_and_leave(
    work: Callable[[Callable[[int], None]], object],
    mark: Callable[[int], None],
    seconds: int,
    sending: int,
) -> None:  # pragma: no cover
    """What the copy does; it never returns, so that nothing of its parent's is cleaned up twice."""
    status = 1
    try:
        _set_bounds(seconds)
        try:
            found = pickle.dumps((True, work(mark)))
        except MemoryError:
            os._exit(1)
        except BaseException as error:
            found = pickle.dumps((False, error.with_traceback(None)))
        with os.fdopen(sending, "wb") as stream:
            stream.write(found)
        status = 0
    finally:
        os._exit(status)


def _set_bounds(seconds: int) -> None:
    import resource

    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            own = int(file.read().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = own + MEMORY
        if most == resource.RLIM_INFINITY or wanted < most:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def rendered(template: Template, values: Mapping[str, Any]) -> str:
    """The template's text.

    Raises:
        OverflowError: it is longer than `MAX_CHARACTERS`; other `FAILURES` as the template has them.
    """
    parts, length = [], 0
    for part in template.generate(values):
        length += len(part)
        if length > MAX_CHARACTERS:
            raise OverflowError("it writes more than a prompt or a page can hold")
        parts.append(part)
    return "".join(parts)


def _result_size(operator: str, left: Any, right: Any) -> int:
    """Elements of a text or list that is multiplied; bits of an integer; 0 of anything else."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return bits * max(right, 0) if operator == "**" else bits + right.bit_length()
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(times, int):
            return len(sequence) * max(times, 0)
    return 0
