"""By which tokenizer the ids of a prompt are shown, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.results.artifacts import Manifest
from harness.starter import MODEL_FOLDER
from harness.suite.schema import SuiteSpec

if TYPE_CHECKING:
    from harness.engines.tokenizer import Tokenizer

GONE = "The tokenizer is not here, so that ids have no pieces."
SERVED = "The server makes tokens of it, by its own template: ids are the bytes of the text."


def tokenizer_of(
    prompts: Manifest, kept: dict[str, Manifest], spec: SuiteSpec, root: str
) -> Tokenizer | None:
    """The tokenizer of a source that was fetched, or that the suite names by a path from here."""
    fetched = kept.get(prompts.parents.get("tokenizer", ""))
    source = spec.models[root].source or spec.models[root].gguf
    path = MODEL_FOLDER if source == "starter" else Path(str(source)).expanduser()
    if fetched is not None and "path" in fetched.outcome:
        path = Path(fetched.outcome["path"])
    return tokenizer_at(path) if path.exists() else None


def tokenizer_at(path: Path) -> Tokenizer:
    """The tokenizer of a folder or a GGUF file of this machine."""
    from harness.engines.tokenizer import open_tokenizer

    return open_tokenizer(path)
