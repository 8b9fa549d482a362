"""What was found changed or damaged among the files that earlier runs wrote, for a run to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Damaged:
    """Files that are not what was written, and what is done about it; each is told once."""

    _found: dict[Path | str, str] = field(default_factory=dict)

    def note(self, file: Path | str, fault: str, then: str) -> None:
        """Notes a file.

        Args:
            file: that is not what was written, or its place in a store.
            fault: what is wrong with it, to be said behind its name.
            then: what is done.
        """
        self._found.setdefault(file, f"{file} {fault}: {then}")

    def lines(self) -> list[str]:
        """A line a file, in the order in which they were found."""
        return list(self._found.values())
