"""A benchmark and evaluation harness for local language models.

import harness
harness.run("suites/quickstart.yaml")
harness.load_results("results/quickstart")      # a tidy pandas frame
harness.compare("results/quickstart", "lora-f16", "lora-q4")   # paired differences, another
harness.report("results/quickstart")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.version import __version__

if TYPE_CHECKING:
    from harness.api import compare, load_results, report, run

__all__ = ["__version__", "compare", "load_results", "report", "run"]


def __getattr__(name: str) -> object:
    """The functions of `harness.api`, imported when one is first asked for."""
    if name in __all__:
        from harness import api

        return getattr(api, name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
