"""What would be published: files, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.hub.records import RepoType

MARK = "<!-- written by harness publish -->"
"""Stands in every README that is made here; one without it is somebody's own work."""
Kind = Literal["model-card", "eval-results", "dataset", "space", "pages"]


@dataclass(frozen=True)
class Publication:
    """Files by their path, with forward slashes, in a repo or a folder."""

    kind: Kind
    repo_type: RepoType | None
    """None where it is for a folder only."""
    files: Mapping[str, bytes]
    refusals: tuple[str, ...] = ()
    """Sentences that say why this should not be published as it is."""
    warnings: tuple[str, ...] = ()
    """Sentences that a publisher should know, and that the files tell, too."""
    is_site: bool = False
    """Whether these are all files of a site: what is no longer one of them goes."""
