"""Gradio without what it would send or fetch by itself, and with a word where it is not installed."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from harness.errors import MissingToolError

SETTINGS = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Set before Gradio is imported, whatever the environment says: nothing is counted, no version looked up."""


def quiet_gradio(home: Path) -> None:
    """To be called before any other module of this folder is imported that knows Gradio.

    Args:
        home: `$HARNESS_HOME`, which holds what Gradio keeps in files.

    Raises:
        MissingToolError: it is not installed.
    """
    os.environ.update(SETTINGS)
    os.environ.setdefault("GRADIO_TEMP_DIR", str(home.absolute() / "chat" / "files"))
    try:
        importlib.import_module("gradio")
    except ImportError:
        raise MissingToolError(
            "Gradio, which the page is made with, is not installed",
            "`make chat` installs it and opens the page; or: pip install 'harness[chat]', in a checkout "
            "pip install -c constraints.txt -e '.[chat]'.",
        ) from None
