"""Whether files that are there already are whole: seen from their headers, in no time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engines.gguf_file import gguf_info
from harness.engines.permissions import Permissions, granted
from harness.engines.weight_files import adapter_files
from harness.errors import HarnessError
from harness.models.sources import check_model_folder
from harness.plan.params import SourceParams
from harness.plan.steps import Step
from harness.records import Failure


def check_source(step: Step, path: Path, permissions: Mapping[str, Any]) -> Failure | None:
    """Why files cannot be used; None where they can, as far as their headers show.

    Args:
        step: that names them.
        path: where they lie.
        permissions: what may be done with them.
    """
    try:
        with granted({path: Permissions(**permissions)}):
            match step.given(SourceParams).what:
                case "weights":
                    check_model_folder(path)
                case "gguf":
                    gguf_info(path)
                case "adapter":
                    adapter_files(path)
    except HarnessError as error:
        return Failure(kind=error.kind, message=error.message, hint=error.hint)
    return None
