"""YAML within bounds: texts, numbers, lists and mappings, as deep and as many as a suite needs.

What YAML knows besides (dates, bytes, sets, objects of a language), nothing of a suite takes; a date is the text that
was written. Aliases stand for what they name, so a few lines can say a thousand million things.
"""

from __future__ import annotations

import math
import re

import yaml

MOST_CHARACTERS = 4_000_000
DEEPEST = 40
MOST_NODES = 500_000
"""Values of a suite, with all that aliases stand for; one of 10,000 models has some 100,000."""
LARGEST = (1 << 63) - 1
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_NUMBERS = ("int", "float", "bool")
_LONGEST_NUMBER = 100
_PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge")
)


class SuiteLoader(yaml.SafeLoader):
    """PyYAML's loader of plain data, which ends where a text goes beyond bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._open: set[int] = set()
        self._sizes: dict[int, int] = {}
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node and all that stands in it. Raises yaml.MarkedYAMLError beyond bounds."""
        is_alias = self.check_event(yaml.AliasEvent)
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if len(self._open) > DEEPEST:
            raise _beyond(f"more than {DEEPEST} levels stand in each other", mark)
        before = self._nodes
        self._nodes += 1
        place = len(self._sizes) + len(self._open) + 1
        if not is_alias:
            self._open.add(-place)
        node = super().compose_node(parent, index)
        if is_alias:
            if id(node) not in self._sizes:
                raise _beyond("an alias stands in what it names", mark)
            self._nodes += self._sizes[id(node)]
        else:
            self._open.discard(-place)
            self._sizes[id(node)] = self._nodes - before
        if self._nodes > MOST_NODES:
            raise _beyond(f"with its aliases it holds more than {MOST_NODES:,} values", mark)
        return node


def fault(node: yaml.Node) -> str:
    """What of a value no suite can hold, though YAML can; "" for nothing. A date becomes the text that was written."""
    if node.tag == "tag:yaml.org,2002:timestamp" and isinstance(node, yaml.ScalarNode):
        node.tag = "tag:yaml.org,2002:str"
    if node.tag not in _PLAIN:
        return f"`{node.tag.removeprefix('tag:yaml.org,2002:'):.60}` is no text, number, list or mapping"
    if isinstance(node, yaml.ScalarNode) and _NO_TEXT.search(node.value):
        return "this text holds a character that no text has (NUL, or half of one)"
    kind = node.tag.rpartition(":")[2]
    if kind not in _NUMBERS:
        return ""
    if not isinstance(node, yaml.ScalarNode) or len(node.value) > _LONGEST_NUMBER:
        return (
            "this number is too large"
            if isinstance(node, yaml.ScalarNode)
            else f"this is no {kind}"
        )
    try:
        value = yaml.constructor.SafeConstructor().construct_object(
            yaml.ScalarNode(node.tag, node.value)
        )
    except (ValueError, LookupError):
        return f"`{node.value}` is no {kind}"
    if kind == "int" and abs(value) > LARGEST:
        return "this number is too large"
    return "" if math.isfinite(value) else "this is no number to count with"


def _beyond(problem: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
