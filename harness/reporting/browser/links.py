"""Links into the sample browser, for whatever on the page stands for answers."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote


def link(
    task: str,
    a: str,
    others: Sequence[str] = (),
    *,
    example: str = "",
    mode: str = "",
    label: str = "",
    answer: str = "",
) -> str:
    """The fragment that opens the browser: `#s=TASK/ID&a=…&b=…&mode=…&label=…&answer=…`.

    Args:
        task: its name.
        a: the model that the others are held against: a baseline.
        others: candidates; none shows the answers of `a` alone.
        example: an id; default: the first one that fits.
        mode: `different`, `broke`, `fixed`, `wrong`, `unparsed`, `truncated`, `all`; default: the
            browser chooses.
        label: only examples with this right answer.
        answer: only examples to which `a` gave this answer.
    """
    where = f"{_quoted(task)}/{_quoted(example)}" if example else _quoted(task)
    told = {"a": _quoted(a), "b": ",".join(map(_quoted, others)), "mode": mode}
    told |= {"label": _quoted(label), "answer": _quoted(answer)}
    return "&".join([f"#s={where}", *(f"{key}={value}" for key, value in told.items() if value)])


def _quoted(text: str) -> str:
    """As JavaScript's `encodeURIComponent` has it."""
    return quote(text, safe="!'()*~")
