"""A YAML file as plain data plus the line of every key, so that mistakes can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from harness.suite.loading import SuiteLoader, fault


@dataclass(frozen=True)
class Place:
    """The place of something in a file; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Repeated:
    """A key that stands twice in one mapping; YAML would silently keep the last."""

    key: str
    path: tuple[str | int, ...]
    place: Place
    first: Place


@dataclass(frozen=True)
class Fault:
    """A value that YAML can hold, and a suite cannot."""

    path: tuple[str | int, ...]
    place: Place
    said: str


class SourceMap:
    """The parsed file: `data`, and `place(path)` for any path of keys and indices into it."""

    def __init__(self, text: str) -> None:
        """Parses a text.

        Raises:
            yaml.YAMLError: the text is not YAML.
        """
        loader = SuiteLoader(text)
        try:
            self._root = loader.get_single_node()
            self.repeated: list[Repeated] = []
            self.faults: list[Fault] = []
            self._seen: set[int] = set()
            self.data: Any = None
            if self._root is not None:
                self._walk(self._root, ())
                self.data = loader.construct_document(self._root)
        finally:
            loader.dispose()

    def place(self, path: Sequence[str | int]) -> Place:
        """The place of the deepest part of a path that the file has.

        Parts that are no key of the file (such as a union's tag) are passed over. For a key of a
        mapping it is the key's own place, not its value's.
        """
        node, at = self._root, self._root
        for part in path:
            found = _child(node, part)
            if found is not None:
                at, node = found
        return Place(1, 1) if at is None else _place(at)

    def path_in_file(self, path: Sequence[str | int]) -> tuple[str | int, ...]:
        """The path without the parts that are not in the file, but with a missing last key."""
        node, kept = self._root, []
        for position, part in enumerate(path):
            found = _child(node, part)
            if found is not None:
                node = found[1]
                kept.append(part)
            elif position == len(path) - 1 and isinstance(part, str):
                kept.append(part)
        return tuple(kept)

    def _walk(self, node: yaml.Node, path: tuple[str | int, ...]) -> None:
        """Finds repeated keys and what no suite can hold; makes every key a text: a model may be called `no` or `7`.

        What an alias stands for is looked at once, where it is named.
        """
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if said := fault(node):
            self.faults.append(Fault(path, _place(node), said))
            node.tag = _EMPTY[type(node)]
            if isinstance(node, yaml.ScalarNode):
                node.value = "null"
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, yaml.Node] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    self.faults.append(
                        Fault(path, _place(key), "a key is a text, not a list or a mapping")
                    )
                    continue
                name = key.value
                if name != "<<":
                    key.tag = "tag:yaml.org,2002:str"
                if name in seen:
                    self.repeated.append(
                        Repeated(name, (*path, name), _place(key), _place(seen[name]))
                    )
                seen.setdefault(name, key)
                self._walk(value, (*path, name))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))


_EMPTY: dict[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:null",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node to point at and the node to go on from, for one step of a path."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value) == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
